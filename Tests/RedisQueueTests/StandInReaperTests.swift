import Jobs
import RedisClient
import RedisQueue
import TestSupport
import Testing
import Time

@Suite struct StandInReaperTests {
    @Test("reaps while no scaler leads, one at a time, and leaves it to a scaler that does", .timeLimit(.minutes(1)))
    func turns() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let make = { (id: String) in
                    StandInReaper(harness.connections, id: id, queues: [queue.queue], observer: harness.observer)
                }
                let (one, other) = (make("one"), make("other"))
                let late = try await queue.submit(queue.makeJob(due: .seconds(-60)))
                let id = try await queue.submit(queue.makeJob())
                _ = try await queue.take(harness.worker("dead"))
                try await harness.command("DEL", "spate:worker:dead")
                try await queue.requireState(id, .running)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await one.run() }
                    // Both jobs were in the hands of a worker that is gone.
                    try await eventually("the end of the first run") {
                        try await queue.submissions.state(of: id) != .running
                    }
                    try await eventually("the expiry") {
                        if case .retrying = try await queue.submissions.state(of: late) { false } else { true }
                    }
                    #expect(try await queue.ending(of: late) == .expired)
                    try await queue.requireState(id, .retrying)
                    group.addTask { await other.run() }
                    #expect(try await !other.look(), "it is not its turn")
                    try await harness.command("DEL", "spate:reaper")
                    let until = harness.clock.now().milliseconds + 60_000
                    try await harness.command("HSET", "spate:leader", "until", String(until))
                    #expect(try await !other.look(), "a scaler leads")
                    group.cancelAll()
                }
            }
        }
    }
}
