import Jobs
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite struct StartCheckTests {
    private func check(_ url: String) async throws -> RedisQueueStartCheck.Findings {
        let connections = RedisConnections(
            configuration: try RedisConfiguration(url: url), group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await RedisQueueStartCheck(connections).run()
    }

    private func code(_ arguments: [String]) async throws -> QueueError.Code? {
        try await withPrivateRedis(arguments) { server in
            do {
                _ = try await check(server.url)
                return nil
            } catch {
                return (error as? QueueError)?.code
            }
        }
    }

    @Test("names the durability that Redis gives")
    func durability() async throws {
        let cases: [([String], RedisQueueStartCheck.Durability)] = [
            (["--appendonly", "yes", "--appendfsync", "always"], .always),
            (["--appendonly", "yes", "--appendfsync", "everysec"], .everySecond),
            (["--appendonly", "yes", "--appendfsync", "no"], .none),
            (["--appendonly", "no"], .none),
        ]
        for (arguments, durability) in cases {
            try await withPrivateRedis(arguments) { server in
                let findings = try await check(server.url)
                #expect(findings.durability == durability)
            }
        }
    }

    @Test("refuses a Redis that evicts jobs")
    func eviction() async throws {
        #expect(
            try await code(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]) == .misconfigured)
        #expect(try await code(["--maxmemory", "100mb", "--maxmemory-policy", "noeviction"]) == nil)
        #expect(try await code(["--maxmemory-policy", "allkeys-lru"]) == nil)
    }

    @Test("refuses a Redis cluster")
    func cluster() async throws {
        #expect(try await code(["--cluster-enabled", "yes"]) == .misconfigured)
    }

    @Test("goes on without CONFIG and says what it does not know")
    func configForbidden() async throws {
        try await withPrivateRedis(["--appendonly", "yes"]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await harness.command("ACL", "SETUSER", "spate", "on", ">pw", "~*", "&*", "+@all", "-config")
                let url = server.url.replacing("unix://", with: "unix://spate:pw@")
                let findings = try await check(url)
                #expect(findings.durability == .unknown)
                #expect(findings.notes.contains { $0.contains("CONFIG is forbidden") })
                await #expect {
                    try await check(server.url.replacing("unix://", with: "unix://spate:wrong@"))
                } throws: {
                    ($0 as? QueueError)?.code == .unauthorized
                }
            }
        }
    }

    @Test("is unavailable where no Redis is")
    func absent() async throws {
        let connections = RedisConnections(
            configuration: try RedisConfiguration(url: "unix:///nonexistent/redis.sock"),
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await #expect {
            _ = try await RedisQueueStartCheck(connections).run(timeout: .milliseconds(100))
        } throws: {
            ($0 as? QueueError)?.code == .unavailable
        }
    }
}
