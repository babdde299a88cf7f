import Jobs
import RedisClient
import Synchronization
import TestSupport
import Testing
import Time

@testable import RedisQueue

@Suite struct RecoveryTests {
    @Test("makes groups again that went away, and delivers what was not settled")
    func groupsGone() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let ids = try await queue.submit(count: 2)
                _ = try await queue.take(worker, upTo: 1)
                try await harness.command("XGROUP", "DESTROY", "spate:{m.1}:lane:normal", "workers")
                #expect(try await queue.take(worker).map(\.id) == ids)
            }
        }
    }

    @Test("goes on when every key goes away under a waiting take")
    func keysGone() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                _ = try await queue.take(worker)
                async let taken = queue.take(worker, patience: .seconds(20))
                try await harness.waitUntilBlocked(clients: 1)
                try await harness.command("FLUSHALL")
                try await harness.waitUntilBlocked(clients: 1)
                let id = try await queue.submit(queue.makeJob())
                #expect(try await taken.map(\.id) == [id])
            }
        }
    }

    @Test("loads its scripts again when the server forgot them")
    func scriptsGone() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let key = IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60))
                for round in 1...2 {
                    try await harness.command("SCRIPT", "FLUSH")
                    _ = try await queue.submissions.submit(queue.makeJob(), once: key)
                    let id = try await queue.submit(queue.makeJob())
                    try await worker.handBack(try await queue.take(worker))
                    let job = try #require(try await queue.take(worker).last)
                    try await worker.retry(job, after: .seconds(60), error: "e")
                    #expect(try await queue.submissions.cancel(id, reason: "r") != .waiting)
                    #expect(try await queue.observer.reap("w", from: [queue.queue]) == 1)
                    let depth = try await queue.submissions.depth(of: queue.queue)
                    #expect(depth == QueueDepth(waiting: 1, inFlight: 0, due: 0), "round \(round)")
                }
            }
        }
    }

    @Test("finds jobs whose delivery was lost with the connection")
    func deliveryLost() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                async let failed = queue.take(worker, patience: .seconds(20))
                try await harness.waitUntilBlocked(clients: 1)
                // What Redis does when the reply of a take cannot be delivered.
                try await harness.kill(connectionsNamed: "spate-take")
                do {
                    _ = try await failed
                    Issue.record("the take did not notice that its connection was lost")
                } catch let error as QueueError {
                    #expect(error.code == .unavailable)
                }
                let id = try await queue.submit(queue.makeJob())
                try await harness.command(
                    "XREADGROUP", "GROUP", "workers", "w", "STREAMS", "spate:{m.1}:lane:normal", ">")
                try await queue.requireState(id, .running)
                let again = try await queue.takeOne(worker)
                #expect(again.id == id)
                #expect(again.crashes == 0 && again.attempt == 1)
            }
        }
    }

    @Test("gives back with its lease what was delivered long ago and never arrived")
    func deliveryLostSilently() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                _ = try await queue.take(worker)
                let held = try await queue.submit(queue.makeJob())
                _ = try await queue.takeOne(worker)
                let lost = try await queue.submit(queue.makeJob())
                let lane = "spate:{m.1}:lane:normal"
                try await harness.command("XREADGROUP", "GROUP", "workers", "w", "STREAMS", lane, ">")
                for id in [held, lost] {
                    try await harness.command(
                        "XCLAIM", lane, "workers", "w", "0", "\(id.entry)", "IDLE", "60000", "JUSTID")
                }
                for _ in 0..<5 { _ = try await worker.renewLease(queue.report("w")) }
                let again = try await queue.take(harness.worker("heir"), patience: .seconds(20))
                #expect(again.map(\.id) == [lost])
                #expect(again.allSatisfy { $0.crashes == 0 && $0.attempt == 1 })
                try await queue.requireState(held, .running)
            }
        }
    }

    @Test("does not give back what is on its way to a take, however long that lasts")
    func arriving() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                _ = try await queue.take(worker)
                let (coming, lost) = (
                    try await queue.submit(queue.makeJob()), try await queue.submit(queue.makeJob())
                )
                let lane = "spate:{m.1}:lane:normal"
                try await harness.command("XREADGROUP", "GROUP", "workers", "w", "STREAMS", lane, ">")
                for id in [coming, lost] {
                    try await harness.command(
                        "XCLAIM", lane, "workers", "w", "0", "\(id.entry)", "IDLE", "60000", "JUSTID")
                }
                worker.held.arrive([coming])
                for _ in 0..<5 { _ = try await worker.renewLease(queue.report("w")) }
                #expect(try await queue.take(harness.worker("heir"), patience: .seconds(20)).map(\.id) == [lost])
                try await queue.requireState(coming, .running)
                worker.held.arrived([coming])
                for _ in 0..<5 { _ = try await worker.renewLease(queue.report("w")) }
                #expect(try await queue.take(harness.worker("heir"), patience: .seconds(20)).map(\.id) == [coming])
            }
        }
    }

    @Test("renews the lease while the connection that settles is stuck; what was lost is looked for once it is free")
    func renewsBesideStuckConnection() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                _ = try await queue.take(worker)
                let lost = try await queue.submit(queue.makeJob())
                let lane = "spate:{m.1}:lane:normal"
                try await harness.command("XREADGROUP", "GROUP", "workers", "w", "STREAMS", lane, ">")
                try await harness.command(
                    "XCLAIM", lane, "workers", "w", "0", "\(lost.entry)", "IDLE", "60000", "JUSTID")
                // Whatever is sent on this connection now waits for the reply.
                async let stuck = worker.client.send(RedisCommand("BLPOP", "release", "0"), timeout: .seconds(60))
                try await harness.waitUntilBlocked(clients: 1)
                for _ in 0..<12 { _ = try await worker.renewLease(queue.report("w")) }
                try await queue.requireState(lost, .running)
                try await harness.command("RPUSH", "release", "now")
                _ = try await stuck
                let again = try await queue.take(harness.worker("heir"), patience: .seconds(20))
                #expect(again.map(\.id) == [lost])
            }
        }
    }

    @Test("loses no accepted job when Redis is killed and comes back over its log", .timeLimit(.minutes(2)))
    func serverKilled() async throws {
        try await withPrivateRedis(["--appendonly", "yes", "--appendfsync", "always"]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let load = LoadUnderFailure(queue: queue, worker: harness.worker("w"))
                try await load.run {
                    await load.accepted(atLeast: 300)
                    try await server.restart()
                    await load.accepted(atLeast: 600)
                }
                for id in load.accepted {
                    let ending = try await queue.ending(of: id)
                    guard case .finished = ending else {
                        Issue.record("job \(id) ended as \(ending)")
                        continue
                    }
                }
            }
        }
    }
}

/// Submits and works until told to stop, whatever fails; then works until nothing is left.
private final class LoadUnderFailure: Sendable {
    private struct State {
        var accepted: [JobID] = []
        var milestones: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var isOver = false
    }

    private let queue: QueueUnderTest
    private let worker: RedisWorkQueue
    private let state = Mutex(State())

    init(queue: QueueUnderTest, worker: RedisWorkQueue) {
        self.queue = queue
        self.worker = worker
    }

    var accepted: [JobID] { state.withLock { $0.accepted } }

    func accepted(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.accepted.count >= count { return true }
                state.milestones.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    func run(_ story: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.work() }
            for number in 0..<8 { group.addTask { await self.submit(number) } }
            try await story()
            state.withLock { $0.isOver = true }
            try await group.waitForAll()
        }
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func submit(_ number: Int) async {
        while !isOver {
            do {
                let id = try await queue.submit(queue.makeJob(number, bytes: 512))
                let reached = state.withLock { state in
                    state.accepted.append(id)
                    let count = state.accepted.count
                    defer { state.milestones.removeAll { $0.count <= count } }
                    return state.milestones.filter { $0.count <= count }
                }
                for milestone in reached { milestone.continuation.resume() }
            } catch {
                // Not accepted: nothing is promised.
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private func work() async throws {
        var unsettled: [Settlement] = []
        while true {
            do {
                if unsettled.isEmpty {
                    unsettled = try await queue.take(worker, upTo: 64, patience: .milliseconds(100)).map {
                        queue.outcome(of: $0)
                    }
                }
                if !unsettled.isEmpty {
                    try await worker.settle(unsettled)
                    unsettled = []
                } else if isOver, try await queue.submissions.depth(of: queue.queue).total == 0 {
                    return
                }
            } catch is QueueError {
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }
}

extension RedisQueueHarness {
    /// Ends the connections of that name, as the network may.
    func kill(connectionsNamed name: String) async throws {
        let list = try await command("CLIENT", "LIST").string ?? ""
        for line in list.split(whereSeparator: \.isNewline) where line.contains(" name=\(name) ") {
            let id = line.split(separator: " ").first { $0.hasPrefix("id=") }?.dropFirst(3)
            try await command("CLIENT", "KILL", "ID", id.map { String($0) } ?? "")
        }
    }

    /// Returns when Redis holds so many blocked clients; asks Redis, which is what knows.
    func waitUntilBlocked(clients: Int) async throws {
        try await eventually("a take that waits at Redis") {
            let info = try await command("INFO", "clients").string ?? ""
            return info.split(whereSeparator: \.isNewline).contains("blocked_clients:\(clients)")
        }
    }
}
