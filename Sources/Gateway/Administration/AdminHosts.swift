import Settings

/// Whom requests to the administration port may be addressed to.
///
/// A web page can make its own name point at 127.0.0.1 and then read what answers there as if it were its own (DNS rebinding);
/// its requests carry its name in `Host`. So a port on the loopback answers only to names of the loopback and declared ones. A
/// port on another address is reached by names that cannot be known here: of a service, of a pod.
struct AdminHosts: Sendable {
    private let names: Set<String>
    private let isBound: Bool

    init(_ settings: GatewaySettings) {
        names = Set(settings.adminNames.map { $0.lowercased() })
        isBound = Self.isLoopback(settings.adminHost.lowercased())
    }

    /// - Parameter authority: name and port as in `Host`; `nil` for HTTP/1.0, which a browser does not speak.
    func allow(_ authority: String?) -> Bool {
        guard isBound, let authority else { return true }
        var name = Self.name(in: authority.lowercased())
        if name.hasSuffix(".") { name.removeLast() }
        return Self.isLoopback(name) || names.contains(name)
    }

    /// The authority without its port, IPv6 without brackets.
    private static func name(in authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    private static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name.hasSuffix(".localhost") || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
