import NIOSSL

/// Where Redis is and how to sign in.
package struct RedisConfiguration: Sendable {
    package enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package let address: Address
    package let user: String?
    let password: String?
    package let database: Int
    let tls: NIOSSLContext?

    /// The address without credentials, for logs and errors.
    package var label: String {
        switch address {
        case .tcp(let host, let port): "\(tls == nil ? "redis" : "rediss")://\(host):\(port)"
        case .unix(let path): "unix://\(path)"
        }
    }

    /// Reads `redis://[user[:password]@]host[:port][/db]`, `rediss://…` (TLS) or
    /// `unix://[user[:password]@]/path[?db=n]`; user and password may be percent-encoded.
    ///
    /// - Parameters: paths of PEM files; only for `rediss`. Without an authority the system's are trusted.
    /// - Throws: `invalidURL`, never with the password in the text.
    package init(
        url: String, certificateAuthority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil
    ) throws(RedisError) {
        let parts = try URLParts(url)
        user = parts.user
        password = parts.password
        database = parts.database
        address = parts.address
        guard parts.scheme == "rediss" else {
            tls = nil
            return
        }
        tls = try Self.makeTLS(
            certificateAuthority: certificateAuthority, clientCertificate: clientCertificate, clientKey: clientKey)
    }

    private static func makeTLS(
        certificateAuthority: String?, clientCertificate: String?, clientKey: String?
    ) throws(RedisError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            if let certificateAuthority { configuration.trustRoots = .file(certificateAuthority) }
            if let clientCertificate {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(clientCertificate)
                    .map { .certificate($0) }
            }
            if let clientKey {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: clientKey, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisError(
                .invalidURL,
                "the TLS files for Redis cannot be used (authority \(certificateAuthority ?? "system"), certificate \(clientCertificate ?? "none"), key \(clientKey ?? "none")): \(error)"
            )
        }
    }
}

/// The pieces of a Redis URL.
struct URLParts: Equatable {
    var scheme: String
    var user: String?
    var password: String?
    var address: RedisConfiguration.Address
    var database = 0

    init(_ url: String) throws(RedisError) {
        let forms = "redis://[user[:password]@]host[:port][/db], rediss://… or unix:///path[?db=n]"
        guard let separator = url.firstRange(of: "://") else {
            throw RedisError(.invalidURL, "the Redis URL has no scheme; allowed: \(forms)")
        }
        scheme = String(url[..<separator.lowerBound]).lowercased()
        var rest = url[separator.upperBound...]
        guard ["redis", "rediss", "unix"].contains(scheme) else {
            throw RedisError(.invalidURL, "the Redis URL has the scheme '\(scheme)'; allowed: \(forms)")
        }
        if let query = rest.firstIndex(of: "?") {
            for item in rest[rest.index(after: query)...].split(separator: "&") {
                let pair = item.split(separator: "=", maxSplits: 1)
                guard pair.count == 2, pair[0] == "db", let number = Int(pair[1]), number >= 0 else {
                    throw RedisError(.invalidURL, "the Redis URL's query may only be db=<number>")
                }
                database = number
            }
            rest = rest[..<query]
        }
        let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
        if let at = rest[..<authorityEnd].lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(credentials[0])
            user = name.isEmpty ? nil : name
            password = credentials.count > 1 ? try Self.decoded(credentials[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        if scheme == "unix" {
            guard rest.first == "/", rest.count > 1 else {
                throw RedisError(.invalidURL, "the Redis URL needs an absolute path: unix:///path/to/redis.sock")
            }
            address = .unix(path: try Self.decoded(rest))
            return
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        if slash != rest.endIndex {
            let path = rest[rest.index(after: slash)...]
            guard path.isEmpty || Int(path).map({ $0 >= 0 }) == true else {
                throw RedisError(.invalidURL, "the Redis URL's path must be a database number, for example /0")
            }
            database = Int(path) ?? 0
        }
        address = try Self.tcp(rest[..<slash])
    }

    private static func tcp(_ text: Substring) throws(RedisError) -> RedisConfiguration.Address {
        var host = text
        var port = 6379
        let colon =
            text.first == "[" ? text.firstRange(of: "]:")?.upperBound : text.lastIndex(of: ":").map(text.index(after:))
        if let colon {
            guard let number = Int(text[colon...]), (1...65_535).contains(number) else {
                throw RedisError(.invalidURL, "the Redis URL's port must be 1 to 65535")
            }
            port = number
            host = text[..<text.index(before: colon)]
        }
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw RedisError(.invalidURL, "the Redis URL has no host") }
        return .tcp(host: String(host), port: port)
    }

    private static func decoded(_ text: Substring) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { throw RedisError(.invalidURL, "the Redis URL has a '%' without two hexadecimal digits after it") }
            bytes.append(value)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
