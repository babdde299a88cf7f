import Jobs
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite struct NoticeTests {
    @Test("waits for a job without asking Redis again and again")
    func noPolling() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let id = try await queue.submit(queue.makeJob())
                let settlement = queue.outcome(of: try await queue.takeOne(worker))
                let before = try await harness.calls(of: "evalsha")
                async let state = queue.submissions.state(of: id, waitingUpTo: .seconds(20))
                // Time passes, and jobs of others are settled.
                for _ in 0..<3 {
                    _ = try await queue.submit(queue.makeJob())
                    let job = try await queue.takeOne(worker)
                    try await worker.settle([queue.outcome(of: job)])
                    _ = try await queue.take(worker, patience: .milliseconds(50))
                }
                try await worker.settle([settlement])
                #expect(try await state == .settled(settlement.outcome))
                // At the start, when the subscription held, and at the notice.
                #expect(try await harness.calls(of: "evalsha") - before <= 3)
            }
        }
    }

    @Test("shares one subscription among those who wait")
    func sharedSubscription() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let ids = try await queue.submit(count: 20)
                let jobs = try await queue.take(worker)
                let settled = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for id in ids {
                        group.addTask {
                            let state = try await queue.submissions.state(of: id, waitingUpTo: .seconds(20))
                            if case .settled = state { return true }
                            return false
                        }
                    }
                    try await worker.settle(jobs.map { queue.outcome(of: $0) })
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(settled == 20)
                let subscribers = try await harness.command("PUBSUB", "NUMSUB", "spate:{m.1}:settled").array?.last
                #expect((subscribers?.integer ?? 0) <= 1)
            }
        }
    }

    @Test("wakes the scaler at a submit, at most once in 50 ms")
    func wake() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let (wakes, continuation) = AsyncStream<QueueName>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await queue.observer.watchSubmissions { continuation.yield($0) } }
                    try await harness.waitForSubscriber(of: "spate:wake")
                    _ = try await queue.submit(count: 30)
                    var iterator = wakes.makeAsyncIterator()
                    #expect(await iterator.next() == queue.queue)
                    let published = try await harness.calls(of: "publish")
                    #expect(published < 30)
                    group.cancelAll()
                }
            }
        }
    }

    @Test("tells a worker at once of a cancelled job that runs")
    func cancellation() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let ids = try await queue.submit(count: 2)
                _ = try await queue.takeOne(worker)
                let (cancelled, continuation) = AsyncStream<JobID>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        await worker.watchCancellations(of: [queue.queue]) { continuation.yield($0) }
                    }
                    try await harness.waitForSubscriber(of: "spate:{m.1}:cancelled")
                    // The second waits: no worker needs to know.
                    _ = try await queue.submissions.cancel(ids[1], reason: "r")
                    _ = try await queue.submissions.cancel(ids[0], reason: "r")
                    var iterator = cancelled.makeAsyncIterator()
                    #expect(await iterator.next() == ids[0])
                    group.cancelAll()
                }
            }
        }
    }

    @Test("drops the oldest replies of a gateway that does not fetch them")
    func replyLimit() async throws {
        try await withPrivateRedis { server in
            var options = QueueOptions()
            options.replyLimit = 10
            try await RedisQueueHarness.run(url: server.url, options: options) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                for token in 0..<30 {
                    let address = ReplyAddress(gateway: "gone", token: UInt64(token))
                    _ = try await queue.submit(queue.makeJob(replyTo: address))
                }
                try await worker.settle(try await queue.take(worker).map { queue.outcome(of: $0) })
                #expect(try await harness.command("LLEN", "spate:reply:gone") == .integer(10))
                #expect(try await queue.replies(to: "gone", count: 1).first?.replyTo?.token == 20)
            }
        }
    }
}

extension RedisQueueHarness {
    func waitForSubscriber(of channel: String) async throws {
        try await eventually("a subscriber of \(channel)") {
            try await command("PUBSUB", "NUMSUB", channel).array?.last?.integer == 1
        }
    }
}
