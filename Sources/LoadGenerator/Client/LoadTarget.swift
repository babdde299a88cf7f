/// Where requests go: the pieces of an `http://` URL.
package struct LoadTarget: Sendable, Equatable, CustomStringConvertible {
    package var host: String
    package var port: Int
    /// In front of every path, without a slash at its end; usually empty.
    package var basePath: String

    package init(host: String, port: Int, basePath: String = "") {
        self.host = host
        self.port = port
        self.basePath = basePath
    }

    /// - Parameter url: `http://host[:port][/base]`, or `host:port`; IPv6 addresses in brackets; default port 80.
    package init(_ url: String) throws(LoadError) {
        var rest = Substring(url)
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else {
                throw LoadError("\(url): only http:// is spoken to; put a TLS proxy in front or use the plain port")
            }
            rest = rest[scheme.upperBound...]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        var path = rest[slash...]
        while path.last == "/" { path = path.dropLast() }
        var port = 80
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                throw LoadError("\(url): the port must be a number from 1 to 65535")
            }
            port = number
            authority = authority[..<colon]
        }
        if authority.first == "[", authority.last == "]" { authority = authority.dropFirst().dropLast() }
        let isClean = (authority + path).utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !authority.isEmpty, !authority.contains("@"), isClean else {
            throw LoadError("\(url): expected http://host:port")
        }
        self.init(host: String(authority), port: port, basePath: String(path))
    }

    /// `host:port`, the value of the Host field.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var description: String { "http://\(authority)\(basePath)" }
}

/// Why a run could not begin, in words for its operator.
package struct LoadError: Error, Sendable, CustomStringConvertible {
    package enum Cause: Sendable {
        /// A profile, a recording, an option.
        case input
        /// The service is not there, not ready, or does not serve what is asked.
        case service
    }

    package var message: String
    package var cause: Cause

    package init(_ message: String, cause: Cause = .input) {
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
