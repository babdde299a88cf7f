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
    var httpURL: String { "http://\(Self.reachable(host)):\(port)" }
    var adminURL: String { "http://\(Self.reachable(adminHost)):\(adminPort)" }

    /// A wildcard is reached at the loopback; an IPv6 address stands in brackets (RFC 3986 3.2.2).
    private static func reachable(_ host: String) -> String {
        let host = ["0.0.0.0", "*"].contains(host) ? "127.0.0.1" : host == "::" ? "::1" : host
        return host.contains(":") ? "[\(host)]" : host
    }
}
