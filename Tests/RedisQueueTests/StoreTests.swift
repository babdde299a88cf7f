import Jobs
import Logging
import RedisClient
import RedisQueue
import Synchronization
import TestSupport
import Testing

@Suite struct StoreTests {
    /// Why no job would be accepted now.
    private func refusal(_ harness: RedisQueueHarness) async -> QueueError? {
        do throws(QueueError) {
            try await harness.submissions.verify()
            return nil
        } catch {
            return error
        }
    }

    @Test("says at each moment whether a job would be accepted: not by a replica, and again by a primary")
    func replica() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                #expect(await refusal(harness) == nil)
                try await harness.command("REPLICAOF", "127.0.0.1", "1")
                let found = await refusal(harness)
                #expect(found?.code == .unavailable)
                #expect(found?.message.contains("replica") == true)
                try await harness.command("REPLICAOF", "NO", "ONE")
                #expect(await refusal(harness) == nil)
                #expect(try await harness.command("EXISTS", "spate:probe").integer == 0)
            }
        }
    }

    @Test(
        "says so while Redis may not write: disk, memory, missing replicas, missing rights",
        arguments: [
            (["CONFIG", "SET", "min-replicas-to-write", "1"], QueueError.Code.outOfMemory),
            (["CONFIG", "SET", "maxmemory", "1"], .outOfMemory),
            (["ACL", "SETUSER", "default", "-xadd"], .unauthorized),
        ])
    func refusedWrites(setting: [String], code: QueueError.Code) async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                #expect(await refusal(harness) == nil)
                var command = RedisCommand(setting[0])
                command.append(contentsOf: setting.dropFirst())
                _ = try await harness.redis.send(command)
                #expect(await refusal(harness)?.code == code)
            }
        }
    }

    @Test("says so when the append-only file cannot be written, and again when it can", .timeLimit(.minutes(1)))
    func fullDisk() async throws {
        var options = PrivateRedisOptions()
        options.keepsData = true
        // A folder where the snapshot belongs: writing it fails as on a full disk.
        options.arguments = ["--save", "3600 1", "--dbfilename", "appendonlydir"]
        try await withPrivateRedis(options) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                _ = try await harness.underTest.submit(harness.underTest.makeJob())
                try await harness.command("BGSAVE")
                try await eventually("a refusal") { await refusal(harness) != nil }
                let found = await refusal(harness)
                #expect(found?.code == .outOfMemory)
                #expect(found?.message.contains("MISCONF") == true)
                try await harness.kill(connectionsNamed: "spate-submit")
                try await eventually("a new connection") { await refusal(harness)?.code != .unavailable }
                #expect(await refusal(harness)?.code == .outOfMemory, "a new connection says so too")
                try await harness.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
                #expect(await refusal(harness) == nil)
            }
        }
    }

    @Test("stops accepting when the eviction policy becomes unsafe, and says it once", .timeLimit(.minutes(1)))
    func policy() async throws {
        try await withPrivateRedis(["--maxmemory", "1gb", "--maxmemory-policy", "noeviction"]) { server in
            let log = RecordedLog()
            let connections = try log.connections(server.url)
            let seen = Mutex<[StoreSafety]>([])
            let (looks, look) = AsyncStream<StoreSafety>.makeStream()
            let submissions = RedisSubmissionQueue(connections, clock: ServerClock(connections)) { safety in
                seen.withLock { $0.append(safety) }
                look.yield(safety)
            }
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await submissions.run() }
                    var iterator = looks.makeAsyncIterator()
                    _ = await iterator.next()
                    try await submissions.verify()
                    try await harness.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
                    while let safety = await iterator.next(), !safety.isUnsafe {}
                    await #expect(throws: QueueError.self) { try await submissions.verify() }
                    await #expect(throws: QueueError.self) {
                        try await submissions.submit(harness.underTest.makeJob(), once: nil)
                    }
                    _ = await iterator.next()
                    #expect(log.lines(.error).count { $0.contains("unsafe") } == 1)
                    try await harness.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
                    while let safety = await iterator.next(), safety.isUnsafe {}
                    try await submissions.verify()
                    group.cancelAll()
                }
            }
        }
    }

    @Test("notices once that all data went away, and goes on", .timeLimit(.minutes(1)))
    func dataLoss() async throws {
        try await withPrivateRedis { server in
            let log = RecordedLog()
            let connections = try log.connections(server.url)
            let (looks, look) = AsyncStream<StoreSafety>.makeStream()
            let submissions = RedisSubmissionQueue(connections, clock: ServerClock(connections)) { look.yield($0) }
            let place = ClusterMembership(
                connections, member: ClusterMember(id: "a", scope: .whole, models: [:]), life: .seconds(3))
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await place.run() }
                    let identity = try await place.enter()
                    group.addTask { await submissions.run() }
                    var iterator = looks.makeAsyncIterator()
                    #expect(await iterator.next()?.losses == 0)
                    for round in 1...2 {
                        try await harness.command("FLUSHALL")
                        while let safety = await iterator.next(), safety.losses < round {}
                        // The next look finds a new beginning, written by the place that is kept.
                        try await eventually("a new beginning") {
                            try await !harness.command("HGET", "spate:cluster", "born").isNull
                        }
                        #expect(await iterator.next()?.losses == round)
                        #expect(await iterator.next()?.losses == round)
                    }
                    #expect(try await harness.command("HGET", "spate:cluster", "identity").string == identity)
                    #expect(log.lines(.error).count { $0.contains("went away") } == 2)
                    try await submissions.verify()
                    group.cancelAll()
                }
            }
        }
    }
}
