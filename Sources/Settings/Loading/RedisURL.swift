/// The forms of a Redis URL that settings accept. The client parses the URL itself; this finds slips early.
enum RedisURL {
    /// What is wrong with `url`, without its secrets; `nil` if nothing is.
    static func problem(with url: String) -> String? {
        let forms =
            "expected redis://host:port/db, rediss://… or unix:///path/of.sock"
            + " (user and password as user:password@host)"
        let masked = Secrets.masked(url)
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else {
            return "\(forms), found '\(masked)'"
        }
        let scheme = url[..<colon]
        let rest = url[colon...].dropFirst(3)
        switch scheme {
        case "unix":
            return rest.contains("/") ? nil : "\(forms), found '\(masked)', which names no path"
        case "redis", "rediss":
            let authority = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
            let host = authority.prefix { $0 != "/" && $0 != "?" }
            if host.isEmpty || host.hasPrefix(":") { return "\(forms), found '\(masked)', which names no host" }
            guard !host.hasSuffix("]"), let portColon = host.lastIndex(of: ":") else { return nil }
            let port = host[host.index(after: portColon)...]
            guard let number = SettingsNumber.integer(port), (1...65_535).contains(number) else {
                return "expected a port from 1 to 65535, found '\(port)' in '\(masked)'"
            }
            return nil
        default:
            return "\(forms), found the scheme '\(scheme)'"
        }
    }
}
