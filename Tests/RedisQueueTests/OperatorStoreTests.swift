import Glibc
import Jobs
import Logging
import NIOPosix
import Operations
import RedisClient
import RedisQueue
import TestSupport
import Testing
import Time

@Suite("The operator's store on a real Redis", .timeLimit(.minutes(1)))
struct OperatorStoreTests {
    private func withStore(_ body: @Sendable (RedisOperatorStore, RedisQueueObserver) async throws -> Void) async throws
    {
        try await withPrivateRedis([]) { server in
            let connections = RedisConnections(
                configuration: try RedisConfiguration(url: server.url), group: MultiThreadedEventLoopGroup.singleton,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let store = RedisOperatorStore(connections)
            let observer = RedisQueueObserver(connections)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await store.run() }
                group.addTask { await observer.run() }
                defer { group.cancelAll() }
                try await body(store, observer)
            }
        }
    }

    private let now = Timestamp(microseconds: 1_780_293_600_000_000)

    @Test("an entry is found as it was set, replaced by one of the same kind and subject, and taken back once")
    func control() async throws {
        let now = now
        try await withStore { store, _ in
            let first = ControlEntry(
                .override, "cpu", count: 5, set: now, until: now + .seconds(600), note: "a \"sale\" at 8 o'clock")
            let second = ControlEntry(.override, "cpu", count: 7, set: now + .seconds(1), until: now + .seconds(60))
            let pause = ControlEntry(.pause, ControlEntry.everything, set: now)
            try await store.set(first)
            #expect(try await store.control() == ControlState([first]))
            try await store.set(second)
            try await store.set(pause)
            #expect(try await store.control() == ControlState([second, pause]))
            #expect(try await store.clear(.override, "cpu"))
            #expect(try await !store.clear(.override, "cpu"))
            #expect(try await store.control() == ControlState([pause]))
        }
    }

    @Test("an entry that is over is removed, and one that was set in its place is not")
    func remove() async throws {
        let now = now
        try await withStore { store, _ in
            let old = ControlEntry(.override, "cpu", count: 5, set: now, until: now + .seconds(600))
            let new = ControlEntry(.override, "cpu", count: 5, set: now + .seconds(599), until: now + .seconds(1_200))
            try await store.set(new)
            #expect(try await !store.remove(old))
            #expect(try await store.control() == ControlState([new]))
            #expect(try await store.remove(new))
            #expect(try await !store.remove(new))
            #expect(try await store.control() == ControlState([]))
        }
    }

    @Test("whether anybody leads is told by the lease, and by the time of Redis")
    func isLed() async throws {
        try await withPrivateRedis([]) { server in
            let connections = RedisConnections(
                configuration: try RedisConfiguration(url: server.url), group: MultiThreadedEventLoopGroup.singleton,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let store = RedisOperatorStore(connections)
            let leadership = RedisLeadership(connections, holder: "one")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await store.run() }
                group.addTask { await leadership.keepConnection() }
                defer { group.cancelAll() }
                let before = try await store.isLed()
                await leadership.contend()
                let after = try await store.isLed()
                #expect(!before && after)
            }
        }
    }

    @Test("a leader whose lease something else keeps is seen by what it registers")
    func isLedElsewhere() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let store = RedisOperatorStore(harness.connections)
                let fence = RedisFence(harness.connections)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await store.run() }
                    group.addTask { await fence.run() }
                    defer { group.cancelAll() }
                    #expect(try await !store.isLed())
                    let epoch = try await fence.register(authority: "a", term: 1, holder: "one")
                    #expect(try await store.isLed())
                    let old = harness.clock.now().milliseconds - 60_000
                    try await harness.command("HSET", "spate:leader", "seen", String(old))
                    #expect(try await !store.isLed(), "it was seen long ago")
                    #expect(try await fence.register(authority: "a", term: 1, holder: "one", own: epoch) == epoch)
                    #expect(try await store.isLed(), "each call says so anew")
                }
            }
        }
    }

    @Test("looks are found by their time, and decisions by both readers, newest first")
    func archive() async throws {
        try await withStore { store, observer in
            let hash = try await store.keep(policy: #"{"a":1}"#)
            #expect(hash.utf8.count == 64)
            #expect(try await store.keep(policy: #"{"a":1}"#) == hash)
            #expect(try await store.policy(hash) == #"{"a":1}"#)
            #expect(try await store.policy("none") == nil)
            let start = Timestamp(microseconds: WallClock.microseconds)
            for number in 0..<3 {
                try await store.append(
                    RecordedLook(
                        time: start + .milliseconds(number * 10), policy: hash, observation: "{\"n\":\(number)}",
                        state: "{}", decisions: [#"{"pool":"cpu","n":\#(number)}"#]))
            }
            #expect(try await store.look(notAfter: start + .milliseconds(15))?.observation == #"{"n":1}"#)
            #expect(try await store.look(notAfter: start - .seconds(1)) == nil)
            let span = (from: start - .seconds(60), to: start + .seconds(60))
            let all = try await store.decisions(from: span.from, to: span.to, limit: 10)
            #expect(all.map { $0.suffix(2) } == ["2}", "1}", "0}"])
            #expect(try await store.decisions(from: span.from, to: span.to, limit: 1).count == 1)
            #expect(try await observer.decisions(newest: 10) == all)
        }
    }

    @Test("arrivals add up in their minute; a minute that nobody looked at is not zero")
    func arrivals() async throws {
        let now = now
        try await withStore { store, _ in
            let queue = try #require(QueueName(model: "m.x", version: "1"))
            let midnight = Timestamp(microseconds: 1_780_272_000_000_000)
            try await store.add([queue: 5], at: midnight - .seconds(30))
            try await store.add([queue: 0], at: midnight)
            try await store.add([queue: 7], at: midnight + .seconds(70))
            try await store.add([queue: 2], at: midnight + .seconds(119))
            let read = try await store.arrivals(at: queue, from: midnight - .seconds(120), minutes: 6)
            #expect(read == [nil, 5, 0, 9, nil, nil])
            #expect(try await store.arrivals(at: queue, from: now, minutes: 0).isEmpty)
        }
    }

    @Test("usage adds up in its hour and comes back by hour")
    func usage() async throws {
        let now = now
        try await withStore { store, _ in
            let busy = UsageKey(.busy, pool: "cpu")
            let rows = UsageKey(.rows, pool: "cpu", model: "m.1")
            try await store.add([busy: 100, rows: 3], at: now)
            try await store.add([busy: 50], at: now + .seconds(60))
            try await store.add([busy: 7], at: now + .seconds(3_600))
            let hours = try await store.usage(from: now, to: now + .seconds(7_200))
            #expect(hours.map(\.amounts) == [[busy: 150, rows: 3], [busy: 7]])
            #expect(try await store.usage(from: now - .seconds(7_200), to: now - .seconds(3_600)).isEmpty)
        }
    }

    @Test("an entry that this version cannot read is passed over")
    func foreignEntry() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let store = RedisOperatorStore(harness.connections)
                try await harness.command("HSET", "spate:control", "dance cpu", #"{"kind":"dance"}"#, "x", "no json")
                let keeper = Task { await store.run() }
                defer { keeper.cancel() }
                #expect(try await store.control() == ControlState())
            }
        }
    }
}

/// Redis numbers the entries of a stream by its own clock, which is this machine's.
private enum WallClock {
    static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
