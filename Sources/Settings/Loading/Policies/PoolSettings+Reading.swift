extension PoolSettings {
    /// `nil` if the pool has no usable name.
    init?(reading reader: SettingsReader) {
        let defaults = PoolSettings()
        reader.require("name")
        let name = reader.string("name")
        let minimum = reader.integer("minimum_workers", in: 0...10_000, default: defaults.minimumWorkers)
        let maximum = reader.integer("maximum_workers", in: 0...10_000, default: defaults.maximumWorkers)
        if maximum < minimum {
            let key = reader.has("maximum_workers") ? "maximum_workers" : "minimum_workers"
            reader.report("'maximum_workers': \(maximum) is below minimum_workers, which is \(minimum)", at: key)
        }
        let device = reader.choice("device", default: defaults.device)
        let driver = reader.choice("driver", default: defaults.driver)
        self.init(
            name: name ?? "", device: device, driver: driver, minimumWorkers: minimum, maximumWorkers: maximum,
            pricePerHour: reader.number("price_per_hour", in: 0...1_000_000, default: defaults.pricePerHour),
            startUpTime: reader.duration(
                "start_up_time", in: .zero ... .seconds(3_600), default: defaults.startUpTime),
            drainTimeout: reader.duration(
                "drain_timeout", in: .zero ... .seconds(86_400), default: defaults.drainTimeout),
            scaleOutRate: reader.rate("scale_out_rate"), scaleInRate: reader.rate("scale_in_rate"),
            scaleInWindow: reader.duration("scale_in_window", in: .zero ... .seconds(86_400)),
            isPaused: reader.boolean("paused", default: defaults.isPaused),
            process: reader.section(of: .process, chosen: driver) { ProcessSettings(reading: $0) },
            containers: reader.section(of: .containers, chosen: driver) {
                ContainerSettings(reading: $0, device: device, isChosen: driver == .containers)
            },
            kubernetes: reader.section(of: .kubernetes, chosen: driver) { KubernetesPoolSettings(reading: $0) })
        guard let name else { return nil }
        if !SettingsNames.isValid(name) {
            reader.report("'name': \(SettingsNames.problem(name))", at: "name")
            return nil
        }
    }
}

extension SettingsReader {
    /// The section of a driver; an error in a pool with another.
    fileprivate func section<Value>(
        of driver: PoolSettings.Driver, chosen: PoolSettings.Driver, _ body: (SettingsReader) -> Value
    ) -> Value {
        if has(driver.rawValue), driver != chosen {
            report(
                "'\(driver.rawValue)': settings of the driver \(driver.rawValue) in a pool with the driver"
                    + " \(chosen.rawValue)", at: driver.rawValue)
        }
        return mapping(driver.rawValue, body)
    }

    /// A text with one of the beginnings.
    fileprivate func workload(_ key: String) -> String? {
        guard let text = string(key) else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isKnown = parts.count == 2 && ["deployments", "statefulsets"].contains(parts[0])
        guard isKnown, !parts[1].isEmpty, parts[1].utf8.allSatisfy(Self.isNameByte) else {
            report("'\(key)': expected deployments/NAME or statefulsets/NAME, found '\(text)'", at: key)
            return nil
        }
        return text
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension ProcessSettings {
    init(reading reader: SettingsReader) {
        self.init(
            memory: reader.bytes("memory", in: (16 << 20)...(1 << 44)),
            nice: reader.integer("nice", in: -20...19, default: 0),
            processors: reader.integers("processors", in: 0...1_023))
        if processors?.isEmpty == true {
            reader.report("'processors': a worker needs at least one processor", at: "processors")
        }
    }
}

extension ContainerSettings {
    init(reading reader: SettingsReader, device: PoolSettings.Device, isChosen: Bool) {
        let defaults = ContainerSettings()
        if isChosen { reader.require("image") }
        let gpus = reader.integer("gpus", in: 1...64)
        if gpus != nil, device != .gpu { reader.report("'gpus': the pool's device is \(device.rawValue)", at: "gpus") }
        self.init(
            socket: reader.string("socket"), image: reader.string("image", default: defaults.image),
            config: reader.string("config", default: defaults.config),
            network: reader.string("network", default: defaults.network),
            memory: reader.bytes("memory", in: (16 << 20)...(1 << 44)),
            cpus: reader.number("cpus", in: 0.01...1_024), gpus: gpus ?? defaults.gpus,
            binds: reader.strings("binds").map { bind in
                if bind.value.split(separator: ":", omittingEmptySubsequences: false).count < 2
                    || !bind.value.hasPrefix("/")
                {
                    reader.report(
                        "'binds': expected /host/path:/container/path or with :ro, found '\(bind.value)'",
                        at: bind.position)
                }
                return bind.value
            },
            environment: reader.texts("environment"), name: reader.string("name", default: defaults.name))
    }
}

extension KubernetesPoolSettings {
    init(reading reader: SettingsReader) {
        self.init(workload: reader.workload("workload"), selector: reader.string("selector"))
    }
}

extension KubernetesSettings {
    init(reading reader: SettingsReader) {
        let defaults = KubernetesSettings()
        let server = reader.string("server")
        if let server, !server.hasPrefix("http://"), !server.hasPrefix("https://") {
            reader.report("'server': expected https://host:port or http://host:port, found '\(server)'", at: "server")
        }
        self.init(
            server: server, namespace: reader.string("namespace"),
            tokenFile: reader.string("token_file", default: defaults.tokenFile),
            certificateAuthority: reader.string("certificate_authority", default: defaults.certificateAuthority),
            lease: reader.string("lease", default: defaults.lease),
            leaseDuration: reader.duration(
                "lease_duration", in: .seconds(3) ... .seconds(600), default: defaults.leaseDuration))
    }
}
