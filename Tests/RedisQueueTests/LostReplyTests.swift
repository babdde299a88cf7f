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

    @Test("only the settle that stores its outcome answers the caller")
    func oneFrame() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                _ = try await queue.submit(queue.makeJob(1, replyTo: ReplyAddress(gateway: "g", token: 1)))
                let (dead, heir) = (harness.worker("dead"), harness.worker("heir"))
                let job = try await queue.takeOne(dead)
                #expect(try await queue.observer.reap("dead", from: [queue.queue]) == 1)
                let again = try await queue.takeOne(heir)
                try await heir.settle([queue.outcome(of: again, worker: "heir")])
                try await dead.settle([queue.outcome(of: job, worker: "dead")])
                #expect(try await harness.command("LLEN", "spate:reply:g").integer == 1)
                #expect(try await queue.replies(to: "g", count: 1).map(\.run.worker) == ["heir"])
            }
        }
    }
}
