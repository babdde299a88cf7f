import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite struct RedisSignInTests {
    private func ping(_ configuration: RedisConfiguration) async throws {
        try await withClient(configuration, name: "named") { client in
            try await client.waitUntilConnected(timeout: patience)
            #expect(try await client.call("PING").string == "PONG")
            #expect(try await connectionNames(client).contains("named"))
        }
    }

    private func refusal(_ configuration: RedisConfiguration, within limit: Duration = patience) async throws
        -> RedisError?
    {
        try await withClient(configuration) { client in
            await #expect(throws: RedisError.self) { try await client.waitUntilConnected(timeout: limit) }
        }
    }

    @Test("signs in with a password, or a user and a password, whatever characters are in them")
    func signsIn() async throws {
        var options = PrivateRedisOptions()
        options.password = "p@ss:/%é"
        options.users = ["worker on >s3cret ~* &* +@all", "guest on nopass ~* +@all"]
        try await withPrivateRedis(options) { server in
            try await ping(RedisConfiguration(url: server.url(":p%40ss%3A%2F%25%C3%A9@")))
            try await ping(RedisConfiguration(url: server.url("worker:s3cret@")))
            try await ping(RedisConfiguration(url: server.url("guest@")))
        }
    }

    @Test(
        "refused credentials are reported at once, to callers too, without the password",
        arguments: ["", ":wrong-secret@", "worker:wrong-secret@", "nobody:wrong-secret@"])
    func refusesCredentials(credentials: String) async throws {
        var options = PrivateRedisOptions()
        options.password = "right"
        options.users = ["worker on >s3cret ~* &* +@all"]
        try await withPrivateRedis(options) { server in
            try await withClient(url: server.url(credentials)) { client in
                let reason = await #expect(throws: RedisError.self) {
                    try await client.waitUntilConnected(timeout: patience)
                }
                #expect(reason?.code == .authenticationFailed)
                #expect(reason?.message.contains("wrong-secret") == false)
                let error = await #expect(throws: RedisError.self) { try await client.call("PING") }
                #expect(error?.code == .authenticationFailed)
            }
        }
    }

    @Test("a password that the server does not want is refused credentials too")
    func refusesNeedlessPassword() async throws {
        try await withPrivateRedis { server in
            let error = try await refusal(RedisConfiguration(url: server.url("somebody:secret@")))
            #expect(error?.code == .authenticationFailed)
        }
    }

    @Test("a user who may not name the connection connects without a name")
    func worksWithoutAName() async throws {
        var options = PrivateRedisOptions()
        options.users = ["worker on >s3cret ~* +ping +echo"]
        try await withPrivateRedis(options) { server in
            try await withClient(url: server.url("worker:s3cret@")) { client in
                let reply = try await client.call("ECHO", "x")
                #expect(reply.string == "x")
            }
        }
    }

    @Test("selects the database of the URL, after every reconnection")
    func selectsTheDatabase() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url + "?db=3") { client in
                for _ in 0..<2 {
                    let info = try await client.call("CLIENT", "INFO").string
                    #expect(info?.contains(" db=3 ") == true)
                    try await server.restart()
                    try await client.waitUntilConnected(timeout: patience)
                }
            }
        }
    }

    @Test("connects over TCP")
    func connectsOverTCP() async throws {
        var options = PrivateRedisOptions()
        options.transport = .tcp
        try await withPrivateRedis(options) { server in
            try await ping(RedisConfiguration(url: #require(server.networkURL())))
            try await ping(RedisConfiguration(url: #require(server.networkURL(host: "localhost"))))
        }
    }

    @Test("connects over TLS with a client certificate, to a name and to an address")
    func connectsOverTLS() async throws {
        var options = PrivateRedisOptions()
        options.transport = .tls(clientCertificateRequired: true)
        try await withPrivateRedis(options) { server in
            let files = try #require(server.certificates)
            for host in ["localhost", "127.0.0.1"] {
                let configuration = try RedisConfiguration(
                    url: #require(server.networkURL(host: host)), certificateAuthority: files.authority,
                    clientCertificate: files.clientCertificate, clientKey: files.clientKey)
                try await ping(configuration)
            }
        }
    }

    @Test("refuses a server whose certificate is for another name, or from an unknown authority")
    func verifiesTheServer() async throws {
        var options = PrivateRedisOptions()
        options.transport = .tls(clientCertificateRequired: false)
        try await withPrivateRedis(options) { server in
            let files = try #require(server.certificates)
            try await ping(
                RedisConfiguration(url: #require(server.networkURL()), certificateAuthority: files.authority))
            let unknown = try await refusal(
                RedisConfiguration(url: #require(server.networkURL())), within: .seconds(3))
            #expect(unknown?.code == .connectionFailed)
            #expect(unknown?.message.contains("trusted authority") == true)
            let otherName = try await refusal(
                RedisConfiguration(
                    url: #require(server.networkURL(host: "127.0.0.2")), certificateAuthority: files.authority),
                within: .seconds(3))
            #expect(otherName?.code == .connectionFailed)
        }
    }

    @Test("a missing client certificate is a failed connection")
    func needsTheClientCertificate() async throws {
        var options = PrivateRedisOptions()
        options.transport = .tls(clientCertificateRequired: true)
        try await withPrivateRedis(options) { server in
            let files = try #require(server.certificates)
            let error = try await refusal(
                RedisConfiguration(url: #require(server.networkURL()), certificateAuthority: files.authority),
                within: .seconds(3))
            #expect(error?.code == .connectionFailed)
        }
    }
}
