import Jobs
import RedisQueue
import TestSupport
import Testing
import Time

@Suite struct FullRedisTests {
    @Test("refuses submits when Redis is full, settles all the same and loses nothing", .timeLimit(.minutes(1)))
    func full() async throws {
        try await Self.withRedis(of: "8mb") { harness in
            let queue = harness.underTest
            let worker = harness.worker("w")
            let (ids, refusal) = try await Self.fill(queue, limit: 2_000)
            #expect(refusal?.code == .outOfMemory)
            let before = try await harness.calls(of: "evalsha")
            var settled = 0
            while settled < ids.count {
                let jobs = try await queue.take(worker, upTo: 16)
                guard !jobs.isEmpty else { break }
                try await worker.settle(jobs.map { queue.outcome(of: $0) })
                settled += jobs.count
            }
            #expect(settled == ids.count)
            #expect(try await harness.calls(of: "evalsha") > before, "Redis was never full while settling")
            for id in ids {
                guard case .finished = try await queue.ending(of: id) else {
                    Issue.record("job \(id) has no outcome")
                    return
                }
            }
        }
    }

    @Test("reaps, retries and cancels while Redis is full")
    func fullTransitions() async throws {
        try await Self.withRedis(of: "4mb") { harness in
            let queue = harness.underTest
            let (dead, heir) = (harness.worker("dead"), harness.worker("heir"))
            _ = try await queue.take(dead)
            _ = try await queue.take(heir)
            let (ids, _) = try await Self.fill(queue, limit: 2_000)
            let held = try await queue.take(dead, upTo: 3)
            try await dead.retry(held[0], after: .seconds(60), error: "e")
            try await dead.handBack([held[1]])
            #expect(try await queue.observer.reap("dead", from: [queue.queue]) == 1)
            let again = try await queue.take(heir, upTo: 2)
            #expect(again.prefix(2).map(\.id) == [ids[1], ids[2]])
            let state = try await queue.submissions.cancel(ids[0], reason: "r")
            guard case .settled = state else {
                Issue.record("the state after cancel is \(state)")
                return
            }
        }
    }

    @Test("leads, hands over and leads again while Redis is full", .timeLimit(.minutes(1)))
    func leadership() async throws {
        try await Self.withRedis(of: "4mb") { harness in
            _ = try await Self.fill(harness.underTest, limit: 2_000)
            _ = try? await harness.command("SET", "filler", String(repeating: "x", count: 1_000))
            let one = RedisLeadership(harness.connections, holder: "one")
            let other = RedisLeadership(harness.connections, holder: "other")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await one.keepConnection() }
                group.addTask { await other.keepConnection() }
                await one.contend()
                await other.contend()
                #expect(one.term()?.epoch == 1 && other.term() == nil)
                await one.contend()
                #expect(one.term()?.epoch == 1, "it renews")
                await one.release()
                await other.contend()
                #expect(other.term()?.epoch == 2)
                group.cancelAll()
            }
        }
    }

    @Test("starts over a full Redis: versions, faults and loads are noted, and workers that died are reaped")
    func starts() async throws {
        try await Self.withRedis(of: "4mb") { harness in
            let queue = harness.underTest
            let dead = harness.worker("dead")
            let held = try await queue.submit(queue.makeJob(due: .seconds(-60)))
            _ = try await queue.takeOne(dead)
            _ = try await Self.fill(queue, limit: 2_000)
            // No room is left, whatever the jobs leave.
            try await harness.command("CONFIG", "SET", "maxmemory", "1mb")
            await #expect(throws: (any Error).self) { try await harness.command("SET", "filler", "x") }
            let record = RedisVersionRecord(harness.connections)
            let board = RedisLoadBoard(harness.connections)
            let reaper = StandInReaper(
                harness.connections, id: "g", queues: [queue.queue], observer: harness.observer)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await record.run() }
                group.addTask { await board.run() }
                group.addTask { await reaper.run() }
                defer { group.cancelAll() }
                #expect(try await record.agree(on: ["m": "1"]) == ["m": "1"])
                #expect(try await record.agree(on: ["m": "2", "n": "1"]) == ["m": "1", "n": "1"])
                try await record.set(["m": "2"])
                #expect(try await record.read() == ["m": "2", "n": "1"])
                try await board.beginAnew(at: harness.clock.now())
                try await board.begin(
                    LoadEntry(worker: "w", pool: "p", queue: "m.1", stamp: "s", began: .zero, isAlone: true))
                #expect(try await harness.observer.expire([queue.queue]) == 0, "it is put off")
                try await queue.requireState(held, .running)
                try await harness.command("DEL", "spate:worker:dead")
                #expect(try await reaper.look())
                #expect(try await queue.submissions.state(of: held) != .running)
            }
        }
    }

    @Test("stops submits at the high-water mark, before Redis is full", .timeLimit(.minutes(1)))
    func highWaterMark() async throws {
        try await Self.withRedis(of: "64mb", highWaterMark: 0.1) { harness in
            let (_, refusal) = try await Self.fill(harness.underTest, limit: 100_000)
            #expect(refusal?.code == .outOfMemory)
            #expect(refusal?.message.contains("above 10 %") == true)
        }
    }

    /// A server that refuses what is above its memory.
    /// - Parameter highWaterMark: by default above what Redis allows: Redis itself must refuse.
    private static func withRedis(
        of memory: String, highWaterMark: Double = 10,
        _ body: @escaping @Sendable (RedisQueueHarness) async throws -> Void
    ) async throws {
        try await withPrivateRedis(["--maxmemory", memory, "--maxmemory-policy", "noeviction"]) { server in
            var options = QueueOptions()
            options.memoryHighWaterMark = highWaterMark
            try await RedisQueueHarness.run(url: server.url, options: options, body)
        }
    }

    /// Submits 8 KB jobs until one is refused.
    private static func fill(_ queue: QueueUnderTest, limit: Int) async throws -> ([JobID], QueueError?) {
        var ids: [JobID] = []
        do {
            while ids.count < limit { ids.append(try await queue.submit(queue.makeJob(ids.count, bytes: 8_192))) }
            return (ids, nil)
        } catch {
            return (ids, error as? QueueError)
        }
    }
}
