/// The pieces of a Redis URL. Its errors never show credentials.
struct RedisURL: Equatable {
    private(set) var isTLS = false
    private(set) var user: String?
    private(set) var password: String?
    private(set) var address: RedisConfiguration.Address
    private(set) var database = 0

    init(_ url: String) throws(RedisError) {
        let forms = "redis://[user[:password]@]host[:port][/db], rediss://… or unix://[user[:password]@]/path[?db=n]"
        guard let separator = url.firstRange(of: "://") else {
            throw RedisError(.invalidURL, "the Redis URL has no scheme; allowed: \(forms)")
        }
        let scheme = url[..<separator.lowerBound].lowercased()
        guard ["redis", "rediss", "unix"].contains(scheme) else {
            throw RedisError(.invalidURL, "the Redis URL's scheme is not known; allowed: \(forms)")
        }
        isTLS = scheme == "rediss"
        var rest = url[separator.upperBound...]
        if let query = rest.firstIndex(of: "?") {
            database = try Self.database(query: rest[rest.index(after: query)...])
            rest = rest[..<query]
        }
        let authority = rest[..<(rest.firstIndex(of: "/") ?? rest.endIndex)]
        if let at = authority.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try credentials.first.flatMap(Self.decoded(nonempty:))
            password = credentials.count > 1 ? try Self.decoded(credentials[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        if scheme == "unix" {
            guard rest.first == "/", rest.count > 1 else {
                throw RedisError(.invalidURL, "the Redis URL needs an absolute path: unix:///path/to/redis.sock")
            }
            address = try Self.unix(rest)
            return
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = rest[slash...].dropFirst()
        if !path.isEmpty { database = try Self.database(number: path) }
        address = try Self.tcp(rest[..<slash])
    }

    // MARK: Parts

    private static func unix(_ text: Substring) throws(RedisError) -> RedisConfiguration.Address {
        let path = try decoded(text)
        // The length of `sun_path` with the zero at its end.
        guard path.utf8.count < 108, !path.utf8.contains(0) else {
            throw RedisError(
                .invalidURL,
                "the Redis URL's path cannot be a unix socket's: it has \(path.utf8.count) bytes, at most 107 and no zero are allowed"
            )
        }
        return .unix(path: path)
    }

    private static func tcp(_ text: Substring) throws(RedisError) -> RedisConfiguration.Address {
        let host: Substring
        let afterHost: Substring
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else {
                throw RedisError(.invalidURL, "the Redis URL's '[' has no ']' after the address")
            }
            host = text[..<end].dropFirst()
            afterHost = text[end...].dropFirst()
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<colon]
            afterHost = text[colon...]
        }
        guard !host.isEmpty else { throw RedisError(.invalidURL, "the Redis URL has no host") }
        if afterHost.isEmpty { return .tcp(host: String(host), port: 6379) }
        guard afterHost.first == ":", let port = number(afterHost.dropFirst()), (1...65_535).contains(port) else {
            throw RedisError(
                .invalidURL,
                "the Redis URL's port must be 1 to 65535; an IPv6 address stands in brackets: redis://[::1]:6379")
        }
        return .tcp(host: String(host), port: port)
    }

    private static func database(query: Substring) throws(RedisError) -> Int {
        let pair = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, pair[0] == "db" else {
            throw RedisError(.invalidURL, "the Redis URL's query may only be db=<number>")
        }
        return try database(number: pair[1])
    }

    private static func database(number text: Substring) throws(RedisError) -> Int {
        guard let number = number(text) else {
            throw RedisError(.invalidURL, "the Redis URL's database must be a number, for example /0")
        }
        return number
    }

    /// Digits only: no sign.
    private static func number(_ text: Substring) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }

    private static func decoded(nonempty text: Substring) throws(RedisError) -> String? {
        text.isEmpty ? nil : try decoded(text)
    }

    /// Resolves `%41`. Bytes that are no UTF-8 are refused, because they would not reach Redis as they were meant.
    private static func decoded(_ text: Substring) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                bytes += character.utf8
                continue
            }
            guard let high = rest.popFirst()?.hexDigitValue, let low = rest.popFirst()?.hexDigitValue else {
                throw RedisError(
                    .invalidURL, "the Redis URL has a '%' without two hexadecimal digits after it; '%' itself is %25")
            }
            bytes.append(UInt8(high * 16 + low))
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RedisError(.invalidURL, "the Redis URL's percent-encoded parts are not UTF-8")
        }
        return decoded
    }
}
