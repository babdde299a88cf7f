import Foundation
import Gateway

/// Where a running system can be reached, as JSON for scripts: `{"http": …, "admin": …, "redis": …}`.
struct AddressFile: Codable {
    var http: String
    var admin: String
    /// The Redis URL without its password.
    var redis: String

    /// Written whole or not at all: a reader never sees half of it.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}

extension GatewayService.Addresses {
    /// Something that a client can be pointed at: a wildcard address is reached by the loopback.
    var httpURL: String { "http://\(reachableHost):\(port)" }
    var adminURL: String { "http://\(reachableHost):\(adminPort)" }

    private var reachableHost: String {
        if ["0.0.0.0", "::", "*"].contains(host) { return "127.0.0.1" }
        return host.contains(":") ? "[\(host)]" : host
    }
}
