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

    @Test("what it asks leaves nothing behind and does not touch the key that all gateways ask")
    func leavesNothing() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await harness.command("SET", "spate:probe", "kept")
                _ = try await RedisQueueStartCheck(harness.connections).run()
                #expect(try await harness.command("GET", "spate:probe").string == "kept")
                #expect(try await harness.command("DBSIZE").integer == 1)
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

    @Test("says of a replica whose it is, and takes it once it has become the primary", .timeLimit(.minutes(1)))
    func replica() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await harness.command("REPLICAOF", "127.0.0.1", "1")
                let log = RecordedLog()
                let connections = try log.connections(server.url)
                await #expect {
                    _ = try await RedisQueueStartCheck(connections).run(timeout: .milliseconds(600))
                } throws: { error in
                    let error = error as? QueueError
                    return error?.code == .unavailable && error?.message.contains("is a replica of 127.0.0.1:1") == true
                }
                #expect(log.lines(.warning).count == 1)
                async let findings = RedisQueueStartCheck(connections).run(timeout: .seconds(30))
                try await eventually("a second warning") { log.lines(.warning).count >= 2 }
                try await harness.command("REPLICAOF", "NO", "ONE")
                #expect(try await findings.notes.isEmpty == false)
            }
        }
    }

    @Test("names every right that the user lacks, and is content with those that the pages name")
    func rights() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let url = server.url.replacing("unix://", with: "unix://spate:pw@")
                let documented = ["on", ">pw", "~spate:*", "&spate:*", "+@all", "-@dangerous", "+info"]
                func allow(_ rules: [String]) async throws {
                    var command = RedisCommand("ACL", "SETUSER", "spate", "reset")
                    command.append(contentsOf: rules)
                    _ = try await harness.redis.send(command)
                }
                try await allow(documented)
                _ = try await check(url)
                try await allow(documented + ["-evalsha", "-xreadgroup", "-publish"])
                await #expect {
                    _ = try await check(url)
                } throws: { error in
                    let error = error as? QueueError
                    return error?.code == .unauthorized
                        && ["evalsha", "xreadgroup", "publish"].allSatisfy { error?.message.contains($0) == true }
                }
                try await allow(["on", ">pw", "~other*", "&spate*", "+@all"])
                await #expect {
                    _ = try await check(url)
                } throws: {
                    ($0 as? QueueError)?.message.contains("~spate:* &spate:* ") == true
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
