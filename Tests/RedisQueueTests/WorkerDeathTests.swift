import Jobs
import RedisClient
import RedisQueue
import TestKit
import TestSupport
import Testing

@Suite struct WorkerDeathTests {
    private static let lane = "spate:{m.1}:lane:normal"

    @Test("gives back the jobs of a worker whose lease ran out, and removes it")
    func leaseRanOut() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let (worker, other) = (harness.worker("w"), harness.worker("other"))
                _ = try await worker.renewLease(queue.report("w"))
                _ = try await other.renewLease(queue.report("other"))
                let ids = try await queue.submit(count: 3)
                _ = try await queue.take(worker)
                try await harness.command("DEL", "spate:worker:w")
                #expect(try await queue.observer.reapExpired(from: [queue.queue]) == ["w"])
                #expect(try await queue.observer.reapExpired(from: [queue.queue]) == [])
                let again = try await queue.take(other)
                #expect(again.map(\.id) == ids)
                #expect(again.allSatisfy { $0.crashes == 1 })
                #expect(try await harness.consumers(of: Self.lane) == [":returned", "other"])
                #expect(try await harness.command("SMEMBERS", "spate:workers").array?.map(\.string) == ["other"])
            }
        }
    }

    @Test("after an outage workers have the time of a lease to come back before they count as dead")
    func outage() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                _ = try await queue.submit(count: 1)
                _ = try await queue.take(worker)
                let clock = ManualClock()
                let connections = RedisConnections(
                    configuration: harness.connections.configuration, group: harness.connections.group,
                    logger: harness.connections.logger, timing: QueueTiming(steady: clock))
                let observer = RedisQueueObserver(connections, grace: .milliseconds(300))
                let keeper = Task { await observer.run() }
                defer { keeper.cancel() }
                // As after a restart of Redis that took longer than the lease.
                try await harness.command("DEL", "spate:worker:w")
                #expect(try await observer.reapExpired(from: [queue.queue]) == [])
                clock.advance(by: .milliseconds(299))
                #expect(try await observer.reapExpired(from: [queue.queue]) == [])
                clock.advance(by: .milliseconds(1))
                #expect(try await observer.reapExpired(from: [queue.queue]) == ["w"])
            }
        }
    }

    @Test("finds a worker that was taken for dead and takes jobs again")
    func pausedWorker() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("paused")
                _ = try await queue.take(worker)
                try await harness.command("DEL", "spate:worker:paused")
                #expect(try await queue.observer.reapExpired(from: [queue.queue]) == ["paused"])
                let id = try await queue.submit(queue.makeJob())
                #expect(try await queue.take(worker).map(\.id) == [id])
                // No lease, not among the known workers, yet a job is in its hands.
                #expect(try await queue.observer.reapExpired(from: [queue.queue]) == ["paused"])
                #expect(try await queue.take(harness.worker("heir")).map(\.id) == [id])
                // With its next report it lives again.
                _ = try await worker.renewLease(queue.report("paused"))
                #expect(try await queue.observer.workers().map(\.id) == ["paused"])
            }
        }
    }

    @Test("spares a worker that takes before its first report")
    func firstTake() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                _ = try await queue.submit(count: 1)
                _ = try await queue.takeOne(harness.worker("new"))
                #expect(try await queue.observer.reapExpired(from: [queue.queue]) == [])
                #expect(try await queue.observer.workers() == [])
            }
        }
    }

    @Test("puts a pointer back that a dead worker read and did not follow")
    func deadBetweenPointerAndClaim() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let id = try await queue.submit(queue.makeJob())
                try await worker.handBack(try await queue.take(worker))
                try await harness.command(
                    "XREADGROUP", "GROUP", "workers", "dead", "STREAMS", "spate:{m.1}:again", ">")
                #expect(try await queue.take(worker).isEmpty)
                #expect(try await queue.observer.reap("dead", from: [queue.queue]) == 0)
                let again = try await queue.takeOne(worker)
                #expect(again.id == id)
                #expect(again.crashes == 0)
                #expect(try await harness.command("XLEN", "spate:{m.1}:again") == .integer(0))
            }
        }
    }

    @Test("what an earlier life of a private Redis had in hand waits again at once, and nobody is blamed")
    func releasesAll() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let (one, other) = (harness.worker("one"), harness.worker("other"))
                let ids = try await queue.submit(count: 4)
                _ = try await queue.take(one, upTo: 2)
                _ = try await queue.take(other, upTo: 2)
                #expect(try await one.beginTrial(of: ids[0]))
                let observer = RedisQueueObserver(harness.connections)
                let keeper = Task { await observer.run() }
                defer { keeper.cancel() }
                #expect(try await observer.releaseAll(from: [queue.queue]) == 4)
                let again = try await queue.take(harness.worker("new"))
                #expect(Set(again.map(\.id)) == Set(ids) && again.allSatisfy { $0.crashes == 0 })
            }
        }
    }

    @Test("keeps a poisoned job as a dead letter")
    func deadLetter() async throws {
        try await withPrivateRedis { server in
            var options = QueueOptions()
            options.maximumCrashes = 1
            try await RedisQueueHarness.run(url: server.url, options: options) { harness in
                let queue = harness.underTest
                let id = try await queue.submit(queue.makeJob())
                _ = try await queue.takeOne(harness.worker("dead"))
                // It ran and nothing else did: the first death is its own.
                let reaped = try await queue.observer.reap("dead", from: [queue.queue], ran: .jobs([id]))
                #expect(reaped == Reaped(jobs: [queue.queue: 1], blamed: id))
                #expect(try await queue.take(harness.worker("w")).isEmpty)
                let letters = try await harness.command("XRANGE", "spate:{m.1}:dead", "-", "+").array ?? []
                #expect(letters.count == 1)
                let fields = letters.first?.array?.last?.array?.compactMap(\.string) ?? []
                #expect(fields.prefix(2) == ["job", id.description])
                #expect(fields.contains("crashes") && fields.contains("j"))
            }
        }
    }
}

extension RedisQueueHarness {
    func consumers(of lane: String) async throws -> [String] {
        let consumers = try await command("XINFO", "CONSUMERS", lane, "workers").array ?? []
        return consumers.compactMap { $0.array?.dropFirst().first?.string }.sorted()
    }
}
