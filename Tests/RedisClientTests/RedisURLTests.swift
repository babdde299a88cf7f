import Testing

@testable import RedisClient

@Suite struct RedisURLTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let url: String
        let address: RedisConfiguration.Address
        var user: String?
        var password: String?
        var database = 0
        var isTLS = false

        var testDescription: String { url }
    }

    @Test(
        "reads every form",
        arguments: [
            Accepted(url: "redis://localhost", address: .tcp(host: "localhost", port: 6379)),
            Accepted(url: "REDIS://h:1", address: .tcp(host: "h", port: 1)),
            Accepted(url: "redis://10.0.0.1:7000/3", address: .tcp(host: "10.0.0.1", port: 7000), database: 3),
            Accepted(url: "redis://h/", address: .tcp(host: "h", port: 6379)),
            Accepted(url: "redis://[::1]:7000", address: .tcp(host: "::1", port: 7000)),
            Accepted(url: "redis://[::1]", address: .tcp(host: "::1", port: 6379)),
            Accepted(url: "rediss://h:6380", address: .tcp(host: "h", port: 6380), isTLS: true),
            Accepted(url: "redis://:secret@h", address: .tcp(host: "h", port: 6379), password: "secret"),
            Accepted(url: "redis://ann@h", address: .tcp(host: "h", port: 6379), user: "ann"),
            Accepted(
                url: "redis://ann:p%40ss%3A%2F%25%C3%A9@h:1/2", address: .tcp(host: "h", port: 1), user: "ann",
                password: "p@ss:/%é", database: 2),
            Accepted(url: "redis://ann:a:b@c@h", address: .tcp(host: "h", port: 6379), user: "ann", password: "a:b@c"),
            Accepted(url: "redis://h?db=4", address: .tcp(host: "h", port: 6379), database: 4),
            Accepted(url: "unix:///run/redis.sock", address: .unix(path: "/run/redis.sock")),
            Accepted(
                url: "unix://ann:secret@/run/my%20redis%3F.sock?db=5", address: .unix(path: "/run/my redis?.sock"),
                user: "ann", password: "secret", database: 5),
        ])
    func reads(row: Accepted) throws {
        let url = try RedisURL(row.url)
        #expect(url.address == row.address)
        #expect(url.user == row.user)
        #expect(url.password == row.password)
        #expect(url.database == row.database)
        #expect(url.isTLS == row.isTLS)
    }

    @Test(
        "refuses what it cannot read, says what is allowed, and keeps the password to itself",
        arguments: [
            ("localhost:6379", "no scheme"), ("", "no scheme"), ("http://ann:secret@h", "scheme"),
            ("ann:secret@h://x", "scheme"), ("redis://", "no host"), ("redis://:secret@", "no host"),
            ("redis://ann:secret@:6379", "no host"), ("redis://h:0", "1 to 65535"), ("redis://h:65536", "1 to 65535"),
            ("redis://h:+1", "1 to 65535"), ("redis://h:", "1 to 65535"), ("redis://ann:secret@h:x", "1 to 65535"),
            ("redis://::1", "no host"), ("redis://fe80::1", "in brackets"), ("redis://[::1", "no ']'"),
            ("redis://[::1]x", "1 to 65535"), ("redis://h/zero", "number"), ("redis://h/-1", "number"),
            ("redis://h?timeout=1", "db=<number>"), ("redis://h?db=1&db=2", "number"), ("redis://h?db=", "number"),
            ("redis://a:secret%@h", "%25"), ("redis://a:secret%zz@h", "%25"), ("redis://a:secret%+1@h", "%25"),
            ("redis://a:secret%ff@h", "UTF-8"), ("unix://run/redis.sock", "absolute path"),
            ("unix://", "absolute path"), ("unix:///", "absolute path"), ("unix:///a%00b", "no zero"),
            ("unix:///" + String(repeating: "a", count: 107), "at most 107"),
        ])
    func refuses(url: String, text: String) {
        let error = #expect(throws: RedisError.self) { try RedisURL(url) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains(text) == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("a configuration never shows its password, printed or dumped")
    func hidesThePassword() throws {
        let configuration = try RedisConfiguration(url: "redis://ann:secret@h:1")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect("\(configuration)" == "redis://h:1")
        #expect(!dumped.contains("secret"))
        #expect(!String(reflecting: configuration).contains("secret"))
    }

    @Test("refuses TLS files for an address that is not encrypted")
    func plaintextWithCertificates() throws {
        let error = #expect(throws: RedisError.self) {
            try RedisConfiguration(url: "redis://user:secret@h", certificateAuthority: "/etc/authority.pem")
        }
        #expect(error?.message.contains("use rediss://") == true)
        #expect(error?.message.contains("secret") == false)
        let socket = try RedisConfiguration(url: "unix:///s", certificateAuthority: "/etc/authority.pem")
        #expect(socket.label == "unix:///s")
        #expect(try RedisConfiguration(url: "redis://[::1]:7000").label == "redis://[::1]:7000")
    }

    @Test("names the TLS file that cannot be used")
    func namesTheBadFile() {
        let error = #expect(throws: RedisError.self) {
            try RedisConfiguration(url: "rediss://h", certificateAuthority: "/nowhere/authority.pem")
        }
        #expect(error?.message.contains("/nowhere/authority.pem") == true)
    }
}
