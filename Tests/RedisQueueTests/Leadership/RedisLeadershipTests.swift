import Jobs
import RedisClient
import RedisQueue
import TestKit
import TestSupport
import Testing
import Time

@Suite(.timeLimit(.minutes(1))) struct RedisLeadershipTests {
    /// A tenth of the defaults.
    private static let quick = LeaseCandidacy.Timing(
        lease: .milliseconds(300), renewal: .milliseconds(100), retry: .milliseconds(20))

    /// For contenders that are asked step by step: no lease ends by itself, and no attempt by a slow machine.
    private static let patient = LeaseCandidacy.Timing(lease: .seconds(30), renewal: .seconds(10))

    private static func decision(_ json: String) -> FencedCommand {
        FencedCommand("XADD", key: "spate:decisions", "*", "d", json)
    }

    /// Contenders that run keep their connections and contend; those that do not are asked step by step.
    private func withHarness(
        _ body: @escaping @Sendable (LeadershipHarness) async throws -> Void
    ) async throws {
        try await withPrivateRedis { server in try await LeadershipHarness.run(server, body) }
    }

    @Test("the first contender leads, and the second does not")
    func one() async throws {
        try await withHarness { harness in
            let a = harness.contender("a", LeaseCandidacy.Timing())
            #expect(await a.leads()?.epoch == 1)
            let b = harness.stopped("b", LeaseCandidacy.Timing())
            await b.contend()
            #expect(b.term() == nil)
            #expect(a.term()?.epoch == 1)
            let holder = try await harness.redis.send(RedisCommand("HGET", "spate:leader", "holder"))
            #expect(holder.string == "a")
        }
    }

    @Test("an orderly end passes the leadership on without waiting for the lease")
    func release() async throws {
        try await withHarness { harness in
            let timing = LeaseCandidacy.Timing(lease: .seconds(300), renewal: .milliseconds(500))
            let a = harness.contender("a", timing)
            #expect(await a.leads()?.epoch == 1)
            let b = harness.contender("b", timing)
            // The lease alone would take longer than the test may.
            harness.stop("a")
            #expect(await b.leads()?.epoch == 2)
            #expect(a.term() == nil)
        }
    }

    @Test("another leads within the lease and a second after the leader died, and not before the lease has ended")
    func death() async throws {
        try await withHarness { harness in
            let timing = LeaseCandidacy.Timing(lease: .seconds(30), renewal: .seconds(10), retry: .milliseconds(100))
            let moment = ManualClock()
            // One attempt and then silence, as after SIGKILL.
            let dead = harness.stopped("dead", timing, time: moment)
            await dead.contend()
            #expect(dead.term()?.epoch == 1)
            let waits = ManualWaits(moving: moment)
            let heir = harness.contender("heir", timing, QueueTiming(steady: moment, clock: waits), time: moment)
            // By Redis's own clock the lease holds: the heir is refused, and looks again with each renewal that is due.
            for _ in 0..<2 {
                #expect(await waits.next() <= timing.renewal)
                #expect(heir.term() == nil)
                waits.pass(timing.renewal)
            }
            #expect(await waits.next() <= timing.renewal)
            #expect(heir.term() == nil)
            // And now it has ended by that clock.
            _ = try await harness.redis.send(RedisCommand("HSET", "spate:leader", "until", "1"))
            waits.pass(timing.renewal)
            #expect(await heir.leads()?.epoch == 2)
            #expect(moment.now() - .zero <= timing.lease + .seconds(1), "by the waits that it asked for")
            #expect(dead.term() == nil)
        }
    }

    @Test("a paused leader may not act by its own clock before its lease can pass on, and Redis refuses what it writes")
    func paused() async throws {
        try await withHarness { harness in
            let clock = ManualClock()
            let paused = harness.stopped("paused", Self.patient, time: clock)
            await paused.contend()
            let old = try #require(paused.term())
            try await harness.fence.perform([FencedCommand("SET", key: "x", "old")], in: old)
            clock.advance(by: .milliseconds(26_999))
            #expect(paused.term() == old)
            clock.advance(by: .milliseconds(1))
            #expect(paused.term() == nil)

            let heir = harness.stopped("heir", Self.patient)
            await heir.contend()
            #expect(heir.term() == nil)
            // Three seconds later by Redis's own clock.
            _ = try await harness.redis.send(RedisCommand("HSET", "spate:leader", "until", "1"))
            await heir.contend()
            let new = try #require(heir.term())
            try await harness.fence.perform([FencedCommand("SET", key: "x", "new")], in: new)
            // It was in the middle of a step when it was paused, and goes on with the term that it had.
            let error = await #expect(throws: FenceError.self) {
                try await harness.fence.perform(
                    [FencedCommand("SET", key: "x", "old"), FencedCommand("SET", key: "y", "old")], in: old)
            }
            guard case .deposed("heir", 2) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await #expect(throws: FenceError.self) {
                try await harness.fence.perform([Self.decision("{}")], in: old)
            }
            #expect(try await harness.redis.send(RedisCommand("GET", "x")).string == "new")
            #expect(try await harness.redis.send(RedisCommand("EXISTS", "y", "spate:decisions")) == .integer(0))
        }
    }

    @Test("a lease that has ended writes nothing, also while nobody has taken over")
    func ended() async throws {
        try await withHarness { harness in
            let alone = harness.stopped("alone", Self.patient, time: ManualClock())
            await alone.contend()
            let term = try #require(alone.term())
            // As if Redis's own clock had passed its end.
            _ = try await harness.redis.send(RedisCommand("HSET", "spate:leader", "until", "1"))
            let error = await #expect(throws: FenceError.self) {
                try await harness.fence.perform([FencedCommand("SET", key: "x", "1")], in: term)
            }
            guard case .deposed("", 1) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await alone.contend()
            #expect(alone.term()?.epoch == 2)
        }
    }

    @Test("while Redis is away nobody leads, and afterwards the epoch goes on")
    func redisAway() async throws {
        var options = PrivateRedisOptions()
        options.keepsData = true
        try await withPrivateRedis(options) { server in
            try await LeadershipHarness.run(server) { harness in
                let leader = harness.contender("a", Self.quick)
                let before = try #require(await leader.leads()).epoch
                await server.kill()
                #expect(await leader.yields())
                #expect(leader.term() == nil)
                try await server.start()
                let after = try #require(await leader.leads()).epoch
                #expect(after > before)
            }
        }
    }

    @Test("a Redis that forgot everything is led with a greater epoch than any before")
    func forgetfulRedis() async throws {
        try await withHarness { harness in
            let leader = harness.stopped("a", Self.patient)
            for _ in 0..<3 {
                _ = try await harness.redis.send(RedisCommand("HSET", "spate:leader", "until", "0"))
                await leader.contend()
            }
            let old = try #require(leader.term())
            #expect(old.epoch == 3)
            _ = try await harness.redis.send(RedisCommand("FLUSHALL"))
            await #expect(throws: FenceError.self) {
                try await harness.fence.perform([FencedCommand("SET", key: "x", "1")], in: old)
            }
            await leader.contend()
            #expect(leader.term()?.epoch == 4)
        }
    }

    @Test("a server clock that was set back holds nobody up for longer than a lease")
    func clockSetBack() async throws {
        try await withHarness { harness in
            // What a dead holder left when the clock was an hour ahead.
            let far = Int64(4_102_444_800_000)
            _ = try await harness.redis.send(
                RedisCommand("HSET", "spate:leader", "holder", "gone", "epoch", "9", "until", String(far)))
            let heir = harness.contender("heir", Self.quick)
            #expect(await heir.leads()?.epoch == 10)
        }
    }

    @Test("the only user of a Redis takes over the lease of its own life before a crash")
    func sole() async throws {
        try await withHarness { harness in
            let before = harness.stopped("before", LeaseCandidacy.Timing())
            await before.contend()
            let after = harness.stopped("after", LeaseCandidacy.Timing(), contention: .sole)
            await after.contend()
            #expect(after.term()?.epoch == 2)
            let old = try #require(before.term())
            await #expect(throws: FenceError.self) {
                try await harness.fence.perform([FencedCommand("SET", key: "x", "1")], in: old)
            }
        }
    }

    @Test("a lost answer leaves the lease where it is, and the next attempt finds it")
    func lostAnswer() async throws {
        try await withHarness { harness in
            let leader = harness.stopped("a", LeaseCandidacy.Timing())
            await leader.contend()
            let again = harness.stopped("a", LeaseCandidacy.Timing())
            await again.contend()
            #expect(again.term()?.epoch == 1)
        }
    }

    @Test("fenced writes answer, and fail as a whole above their bound")
    func fencedReplies() async throws {
        try await withHarness { harness in
            let leader = harness.stopped("a", LeaseCandidacy.Timing())
            await leader.contend()
            let term = try #require(leader.term())
            let replies = try await harness.fence.perform(
                [
                    FencedCommand("HSET", key: "h", "a", "1", "b", "2"), FencedCommand("GET", key: "none"),
                    FencedCommand("HGET", key: "h", "b"),
                ], in: term)
            #expect(replies == ["2", nil, "2"])
            let many = (0..<2_000).map { FencedCommand("SET", key: "k\($0)", "v") }
            await #expect(throws: FenceError.self) { try await harness.fence.perform(many, in: term) }
            #expect(try await harness.redis.send(RedisCommand("EXISTS", "k0")) == .integer(0))
            try await harness.fence.perform(["{\"a\":1}", "{\"b\":2}"].map(Self.decision), in: term)
            #expect(try await harness.redis.send(RedisCommand("XLEN", "spate:decisions")) == .integer(2))
        }
    }

    @Test("terms of another authority get epochs that never fall, also when its own number starts again")
    func registered() async throws {
        try await withHarness { harness in
            let fence = harness.fence
            #expect(try await fence.register(authority: "ns/lease/1", term: 4, holder: "a") == 1)
            #expect(try await fence.register(authority: "ns/lease/1", term: 4, holder: "a") == 1)
            let old = LeadershipTerm(epoch: 1, holder: "a", ends: .zero)
            try await fence.perform([FencedCommand("SET", key: "x", "a")], in: old)
            #expect(try await fence.register(authority: "ns/lease/1", term: 5, holder: "b") == 2)
            // The one before comes late with its registration, or with a write.
            #expect(try await fence.register(authority: "ns/lease/1", term: 4, holder: "a") == nil)
            await #expect(throws: FenceError.self) {
                try await fence.perform([FencedCommand("SET", key: "x", "a2")], in: old)
            }
            // The lease was deleted and made again.
            #expect(try await fence.register(authority: "ns/lease/2", term: 0, holder: "a") == 3)
            #expect(try await harness.redis.send(RedisCommand("GET", "x")).string == "a")
        }
    }

    @Test("a term that Redis forgot is registered again above every epoch seen, and not over a later one")
    func registeredAgain() async throws {
        try await withHarness { harness in
            let fence = harness.fence
            #expect(try await fence.register(authority: "ns/lease/1", term: 4, holder: "a", newestEpoch: 6) == 7)
            #expect(try await fence.newestEpoch() == 7)
            _ = try await harness.redis.send(RedisCommand("FLUSHALL"))
            #expect(try await fence.newestEpoch() == 0)
            let old = LeadershipTerm(epoch: 7, holder: "a", ends: .zero)
            await #expect(throws: FenceError.self) {
                try await fence.perform([FencedCommand("SET", key: "x", "a")], in: old)
            }
            let again = try await fence.register(
                authority: "ns/lease/1", term: 4, holder: "a", newestEpoch: 7, own: 7)
            #expect(again == 8)
            let term = LeadershipTerm(epoch: 8, holder: "a", ends: .zero)
            try await fence.perform([FencedCommand("SET", key: "x", "a")], in: term)
            #expect(
                try await fence.register(authority: "ns/lease/1", term: 4, holder: "a", newestEpoch: 8, own: 8) == 8)
            // The lease was deleted and made again, and the old holder has not seen it yet.
            #expect(try await fence.register(authority: "ns/lease/2", term: 0, holder: "b") == 9)
            #expect(
                try await fence.register(authority: "ns/lease/1", term: 4, holder: "a", newestEpoch: 8, own: 8) == nil)
            // One whose lease Redis keeps counts until that ends.
            let other = harness.stopped("other", Self.patient)
            await other.contend()
            #expect(other.term()?.epoch == 10)
            func retry() async throws -> Int64? {
                try await fence.register(authority: "ns/lease/2", term: 0, holder: "b", newestEpoch: 9, own: 9)
            }
            #expect(try await retry() == nil)
            _ = try await harness.redis.send(RedisCommand("HSET", "spate:leader", "until", "1"))
            #expect(try await retry() == 11)
            // A failover of Redis forgot the last term, not the one before it.
            _ = try await harness.redis.send(
                RedisCommand(
                    "HSET", "spate:leader", "authority", "ns/lease/0", "term", "9", "holder", "z", "epoch", "5"))
            #expect(
                try await fence.register(authority: "ns/lease/2", term: 0, holder: "b", newestEpoch: 11, own: 11) == 12)
        }
    }
}
