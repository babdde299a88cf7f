import Glibc
import NIOCore
import NIOPosix
import Settings

/// Whether the ports that a role will listen on can be had, before anything is started that would have to be ended again.
enum PortCheck {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Takes each port for a moment. Another process may still take one before the role does; then the role says so.
    static func check(_ settings: ClusterSettings) async throws {
        let gateway = settings.gateway
        var wanted = [
            (gateway.host, gateway.port, "gateway.port or --port, 0 takes a free port"),
            (gateway.adminHost, gateway.adminPort, "gateway.admin_port or --admin-port, 0 takes a free port"),
        ]
        if let keda = settings.scaler.keda { wanted.append((keda.host, keda.port, "scaler.keda.port")) }
        if gateway.port != 0, gateway.port == gateway.adminPort, overlap(gateway.host, gateway.adminHost) {
            throw Failure(
                description: "port \(gateway.port) is given for requests and for administration; they need two")
        }
        for (host, port, setting) in wanted where port != 0 {
            do {
                let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1).bind(host: host, port: port).get()
                try await channel.close()
            } catch let error as IOError {
                let reason =
                    switch error.errnoCode {
                    case EADDRINUSE: "something else listens there"
                    case EACCES: "this user may not"
                    case EADDRNOTAVAIL: "this machine has no such address"
                    default: String(cString: strerror(error.errnoCode))
                    }
                let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
                throw Failure(description: "cannot listen on \(place): \(reason); choose another with \(setting)")
            }
        }
    }

    /// Whether listening at both means listening at one address twice.
    private static func overlap(_ first: String, _ second: String) -> Bool {
        let everywhere: Set = ["0.0.0.0", "::", "[::]"]
        return first == second || everywhere.contains(first) || everywhere.contains(second)
    }
}
