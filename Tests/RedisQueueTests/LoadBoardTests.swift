import Jobs
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import TestSupport
import Testing
import Time

@Suite("What workers load and what cannot be served, on a real Redis", .timeLimit(.minutes(1)))
struct LoadBoardTests {
    private let now = Timestamp(microseconds: 1_780_293_600_000_000)

    private func withBoard(
        _ body: @escaping @Sendable (RedisLoadBoard, RedisQueueHarness) async throws -> Void
    ) async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let board = RedisLoadBoard(harness.connections)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await board.run() }
                    defer { group.cancelAll() }
                    try await body(board, harness)
                }
            }
        }
    }

    private func fault(_ pool: String, _ queue: String?, _ reason: String = "because") -> ServingFault {
        ServingFault(
            .load, pool: pool, queue: queue, reason: reason, since: now, until: now + .seconds(15), failures: 2,
            stamp: "v1", worker: "w")
    }

    @Test("a fault is found as it was put, replaced by one of the same pool and queue, and taken off")
    func faults() async throws {
        let (first, second, pool) = (fault("cpu", "m.1"), fault("cpu", "m.1", "no memory"), fault("gpu", nil, "no GPU"))
        try await withBoard { board, harness in
            try await board.put(first)
            #expect(try await board.faults() == ServingFaults([first]))
            try await board.put(second)
            try await board.put(pool)
            #expect(try await board.faults() == ServingFaults([second, pool]))
            try await board.clear(pool: "cpu", queue: harness.queue)
            #expect(try await board.faults() == ServingFaults([pool]))
            try await board.clear(pool: "gpu", queue: nil)
            #expect(try await board.faults() == ServingFaults())
        }
    }

    @Test("the turn to try a model is one worker's of a pool at a time, until it gives it back or its time is over")
    func turns() async throws {
        try await withBoard { board, harness in
            let name = harness.queue
            #expect(try await board.takeTurn(name, in: "cpu", at: "w1", for: .seconds(60)))
            #expect(try await !board.takeTurn(name, in: "cpu", at: "w2", for: .seconds(60)))
            #expect(try await board.takeTurn(name, in: "gpu", at: "w2", for: .seconds(60)))
            try await board.endTurn(name, in: "cpu", at: "w2")
            #expect(try await !board.takeTurn(name, in: "cpu", at: "w2", for: .seconds(60)))
            try await board.endTurn(name, in: "cpu", at: "w1")
            #expect(try await board.takeTurn(name, in: "cpu", at: "w2", for: .milliseconds(20)))
            try await Task.sleep(for: .milliseconds(50))
            #expect(try await board.takeTurn(name, in: "cpu", at: "w1", for: .seconds(60)))
        }
    }

    @Test("whoever follows has each change without asking for it")
    func follows() async throws {
        let fault = self.fault("cpu", "m.1")
        try await withBoard { board, harness in
            let (changes, changed) = AsyncStream.makeStream(of: Void.self)
            let other = RedisLoadBoard(harness.connections)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await other.run() }
                group.addTask { await other.follow { changed.yield() } }
                defer { group.cancelAll() }
                var iterator = changes.makeAsyncIterator()
                await iterator.next()
                #expect(other.current == ServingFaults())
                try await board.put(fault)
                while other.current != ServingFaults([fault]) { await iterator.next() }
                try await board.clear(pool: "cpu", queue: harness.queue)
                while other.current != ServingFaults() { await iterator.next() }
            }
        }
    }

    @Test("a cluster that begins anew tries everything again, and alone what workers died with")
    func beginsAnew() async throws {
        let now = now
        var deaths = fault("cpu", "n.1")
        deaths.kind = .deaths
        try await withBoard { [deaths, load = fault("cpu", "m.1"), pool = fault("gpu", nil)] board, harness in
            for fault in [load, pool, deaths] { try await board.put(fault) }
            try await board.begin(
                LoadEntry(worker: "dead", pool: "cpu", queue: "m.1", stamp: "v1", began: now, isAlone: true))
            try await board.beginAnew(at: now)
            var suspect = deaths
            suspect.until = now
            #expect(try await board.faults() == ServingFaults([suspect]))
            #expect(try await board.lost() == [], "they ended with their cluster")
        }
    }

    @Test("a load whose worker has no lease is lost: told once, counted by its files, forgotten when it is taken off")
    func lost() async throws {
        let now = now
        try await withBoard { board, harness in
            func begin(_ worker: String, stamp: String, alone: Bool) async throws -> LoadEntry {
                let load = LoadEntry(
                    worker: worker, pool: "cpu", queue: harness.queue.description, stamp: stamp, began: now,
                    isAlone: alone)
                try await board.begin(load)
                return load
            }
            let living = harness.worker("living")
            _ = try await living.renewLease(
                WorkerReport(id: "living", pool: "cpu", state: .starting, started: now))
            _ = try await begin("living", stamp: "v1", alone: false)
            let first = try await begin("dead1", stamp: "v1", alone: false)
            #expect(try await board.lost() == [LostLoad(load: first, deaths: 1, deathsAlone: 0)])
            #expect(try await board.lost() == [])
            let second = try await begin("dead2", stamp: "v1", alone: true)
            #expect(try await board.lost() == [LostLoad(load: second, deaths: 2, deathsAlone: 1)])
            let other = try await begin("dead3", stamp: "v2", alone: true)
            #expect(try await board.lost() == [LostLoad(load: other, deaths: 1, deathsAlone: 1)])
            try await board.clear(pool: "cpu", queue: harness.queue)
            let third = try await begin("dead4", stamp: "v1", alone: true)
            #expect(try await board.lost() == [LostLoad(load: third, deaths: 1, deathsAlone: 1)])
            _ = try await begin("dead5", stamp: "v1", alone: true)
            try await board.end(harness.queue, at: "dead5")
            #expect(try await board.lost() == [], "it ended in order")
        }
    }
}
