import Jobs
import TestSupport
import Testing

@testable import RedisQueue

@Suite struct ClassTurnsTests {
    @Test("under load a higher class is taken first, and the lowest gets a small part")
    func shares() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                for number in 0..<400 {
                    var job = queue.makeJob(number)
                    job.priority = number < 300 ? .high : .low
                    _ = try await queue.submit(job)
                }
                let worker = harness.worker("w")
                var taken: [PriorityClass] = []
                for _ in 0..<32 {
                    taken += try await worker.take(upTo: 8, from: [queue.queue], waiting: .zero).map(\.job.priority)
                }
                let low = taken.filter { $0 == .low }.count
                #expect(taken.count >= 240)
                #expect((3...16).contains(low), "one of eight with every eighth take, and eight with the first")
            }
        }
    }

    @Test("with one class all lanes are read at once, as before")
    func oneClass() {
        var turns = ClassTurns()
        #expect(!turns.readsByClass)
        turns.note([.normal])
        #expect(!turns.readsByClass)
        turns.note([.high, .low])
        #expect(turns.readsByClass)
        let orders = (0..<8).map { _ in turns.next(limit: 64) }
        #expect(orders.filter { $0.first?.priority == .high }.count == 7)
        let turned = orders.first { $0.first?.priority == .low } ?? []
        #expect(turned.map(\.count) == [8, 8, 64, 64, 64])
        for _ in 0..<8 { turns.note([.normal]) }
        #expect(!turns.readsByClass)
    }
}
