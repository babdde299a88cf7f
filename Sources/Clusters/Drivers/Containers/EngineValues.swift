import Settings

/// What the driver reads and writes of the Docker Engine API, as small as it can be.
/// Source: moby `api/swagger.yaml`; podman's compatible API leaves some members out, so all that is read is optional.
enum EngineValues {
    struct Version: Decodable {
        var ApiVersion: String?
        var MinAPIVersion: String?
    }

    /// `GET /info`.
    struct Facts: Decodable {
        struct Nothing: Decodable {}
        struct Device: Decodable { var Source: String? }
        var Runtimes: [String: Nothing]?
        var DiscoveredDevices: [Device]?
    }

    struct Created: Decodable { var Id: String? }

    /// One line of `GET /containers/json`.
    struct Listed: Decodable {
        var Id: String?
        /// created, restarting, running, removing, paused, exited, dead; podman: also configured, stopping, stopped.
        var State: String?
        var Labels: [String: String]?
    }

    /// `GET /containers/{id}/json`.
    struct Inspected: Decodable {
        struct Inner: Decodable {
            var Running: Bool?
            var ExitCode: Int32?
            var OOMKilled: Bool?
            var Error: String?
        }
        var State: Inner?
    }

    /// One line of `GET /events`.
    struct Event: Decodable {
        struct Participant: Decodable { var ID: String? }
        var Action: String?
        /// What older engines call the action.
        var status: String?
        var Actor: Participant?
        var id: String?

        var action: String? { Action ?? status }
        var container: String? { Actor?.ID ?? id }
    }

    struct Create: Encodable {
        var Image: String
        var Cmd: [String]
        var Env: [String]
        var Labels: [String: String]
        var StopSignal = "SIGTERM"
        /// Seconds: what `docker stop` by hand, or the engine's own end, grants.
        var StopTimeout: Int
        var HostConfig: Host

        struct Host: Encodable {
            var NetworkMode: String
            var Memory: Int?
            var NanoCpus: Int?
            var AutoRemove = false
            var RestartPolicy = Restart()
            var Binds: [String]?
            var DeviceRequests: [Devices]?
        }
        /// Never by the engine: the policy decides, and an id must not run twice.
        struct Restart: Encodable { var Name = "no" }
        struct Devices: Encodable {
            var Driver = "nvidia"
            var Count: Int
            var Capabilities = [["gpu"]]
        }
    }
}

/// The labels by which a driver knows its containers again.
enum EngineLabels {
    static let cluster = "spate.cluster"
    static let pool = "spate.pool"
    static let worker = "spate.worker"
    /// Seconds from SIGTERM to SIGKILL.
    static let grace = "spate.grace"
}

/// A version of the engine's API: `1.41`.
struct EngineVersion: Comparable, CustomStringConvertible {
    var major: Int
    var minor: Int

    /// The newest that this driver was written for; engines keep older ones for years.
    static let newest = EngineVersion(major: 1, minor: 47)
    /// The first with device requests.
    static let oldest = EngineVersion(major: 1, minor: 40)

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `nil` for text of another form.
    init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
        self.init(major: major, minor: minor)
    }

    static func < (one: EngineVersion, other: EngineVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }

    var description: String { "\(major).\(minor)" }

    /// The version to speak with an engine that offers `current` and accepts `minimum`; `nil` if there is none.
    static func agreed(current: EngineVersion, minimum: EngineVersion?) -> EngineVersion? {
        let version = min(current, newest)
        guard version >= oldest, version >= minimum ?? oldest else { return nil }
        return version
    }
}
