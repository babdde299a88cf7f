import Jobs
import NIOCore
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite struct LostReplyTests {
    @Test(
        "a reply that was lost with its connection is found among the stored outcomes at once, small or large",
        .timeLimit(.minutes(1)), arguments: [8, 200_000])
    func lookedUp(bytes: Int) async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let id = try await queue.submit(
                    queue.makeJob(1, replyTo: ReplyAddress(gateway: "g", token: 1), bytes: bytes))
                let waiting = try await queue.submit(queue.makeJob(2, replyTo: ReplyAddress(gateway: "g", token: 2)))
                let worker = harness.worker("w")
                let job = try await queue.takeOne(worker)
                // Stands in the line before the gateway and takes its reply, as a connection does that dies with it.
                let thief = RedisClient(
                    configuration: harness.connections.configuration, eventLoop: harness.connections.group.next(),
                    name: "thief", logger: harness.connections.logger)
                let (outcomes, outcome) = AsyncStream<Outcome>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await thief.run() }
                    async let stolen = thief.send(RedisCommand("BLPOP", "spate:reply:g", "0"), timeout: .seconds(60))
                    try await harness.waitUntilBlocked(clients: 1)
                    group.addTask {
                        await harness.submissions.deliverReplies(to: "g", waiting: { [id, waiting] }) {
                            outcome.yield($0)
                        }
                    }
                    try await harness.waitUntilBlocked(clients: 2)
                    try await worker.settle([queue.outcome(of: job)])
                    _ = try await stolen
                    try await harness.kill(connectionsNamed: "spate-replies")
                    var found: [JobID] = []
                    for await outcome in outcomes {
                        found.append(outcome.id)
                        break
                    }
                    #expect(found == [id])
                    group.cancelAll()
                }
            }
        }
    }

    @Test("only the settle that stores its outcome answers the caller, also when a lease goes on after a pause")
    func oneFrame() async throws {
        var options = QueueOptions()
        options.leaseDuration = .milliseconds(300)
        try await withPrivateRedis { [options] server in
            try await RedisQueueHarness.run(url: server.url, options: options) { harness in
                let queue = harness.underTest
                _ = try await queue.submit(queue.makeJob(1, replyTo: ReplyAddress(gateway: "g", token: 1)))
                let (dead, heir) = (harness.worker("dead"), harness.worker("heir"))
                let job = try await queue.takeOne(dead)
                var reaped: [String] = []
                try await eventually("the end of the lease") {
                    reaped = try await queue.observer.reapExpired(from: [queue.queue])
                    return !reaped.isEmpty
                }
                #expect(reaped == ["dead"])
                let again = try await queue.takeOne(heir)
                try await heir.settle([queue.outcome(of: again, worker: "heir")])
                _ = try await dead.renewLease(queue.report("dead"))
                try await dead.settle([queue.outcome(of: job, worker: "dead")])
                #expect(try await harness.command("LLEN", "spate:reply:g").integer == 1)
                #expect(try await queue.replies(to: "g", count: 1).map(\.run.worker) == ["heir"])
            }
        }
    }

    @Test("a job that was given to somebody before, or was cancelled, is answered once, whoever settles first")
    func contested() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                func submit(_ token: UInt64) async throws -> JobID {
                    try await queue.submit(
                        queue.makeJob(Int(token), replyTo: ReplyAddress(gateway: "g", token: token)))
                }
                let (first, heir) = (harness.worker("first"), harness.worker("heir"))
                // The one that was taken for dead settles before its heir does.
                _ = try await submit(1)
                let job = try await queue.takeOne(first)
                #expect(try await queue.observer.reap("first", from: [queue.queue]) == 1)
                let again = try await queue.takeOne(heir)
                try await first.settle([queue.outcome(of: job, worker: "first")])
                try await heir.settle([queue.outcome(of: again, worker: "heir")])
                #expect(try await queue.replies(to: "g", count: 1).map(\.run.worker) == ["first"])
                // The same worker has it twice.
                _ = try await submit(2)
                let once = try await queue.takeOne(first)
                #expect(try await queue.observer.reap("first", from: [queue.queue]) == 1)
                let twice = try await queue.takeOne(first)
                try await first.settle([queue.outcome(of: once, worker: "first")])
                try await first.settle([queue.outcome(of: twice, worker: "first")])
                // Cancelled while it ran; the worker knows by its renewal.
                let cancelled = try await submit(3)
                let running = try await queue.takeOne(heir)
                _ = try await queue.submissions.cancel(cancelled, reason: "r")
                #expect(try await heir.renewLease(queue.report("heir")) == [cancelled])
                try await heir.settle([queue.outcome(of: running, worker: "heir")])
                let replies = try await queue.replies(to: "g", count: 2)
                #expect(replies.map(\.replyTo?.token) == [2, 3])
                #expect(replies.last?.ending == .cancelled(reason: "r"))
                #expect(try await harness.command("LLEN", "spate:reply:g").integer == 0)
            }
        }
    }

    @Test("a settle under a lease that never ended runs no script")
    func plain() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                for token in 1...3 as ClosedRange<UInt64> {
                    let reply = ReplyAddress(gateway: "g", token: token)
                    _ = try await queue.submit(queue.makeJob(Int(token), replyTo: reply))
                    try await worker.settle([queue.outcome(of: queue.takeOne(worker))])
                }
                #expect(try await harness.calls(of: "eval") == 0)
                #expect(try await queue.replies(to: "g", count: 3).map(\.replyTo?.token) == [1, 2, 3])
            }
        }
    }
}
