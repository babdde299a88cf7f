import Jobs
import NIOCore
import RedisClient
import RedisQueue
import Tensors
import TestSupport
import Testing
import Time

@Suite struct LargeBodyTests {
    private static let bytes = 3_000_000

    /// Keys of bodies that are left.
    private static func bodies(_ harness: RedisQueueHarness) async throws -> Int {
        try await harness.command("KEYS", "spate:{m.1}:body:*").array?.count ?? -1
    }

    @Test("the inputs of a large job lie beside its entry, so that whoever looks at the queue does not touch them")
    func apart() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let large = try await queue.submit(queue.makeJob(1, bytes: Self.bytes))
                let entry = try await harness.command("MEMORY", "USAGE", "spate:{m.1}:lane:normal").integer ?? .max
                #expect(entry < 20_000)
                #expect(try await Self.bodies(harness) == 1)
                let small = try await queue.submit(queue.makeJob(2, bytes: 8_192))
                #expect(try await Self.bodies(harness) == 1)
                let worker = harness.worker("w")
                let jobs = try await queue.take(worker)
                #expect(jobs.map(\.id) == [large, small])
                #expect(jobs.map(\.job.inputs[0].bytes.readableBytes) == [Self.bytes, 8_192])
                try await worker.settle(jobs.map { queue.outcome(of: $0) })
                #expect(try await Self.bodies(harness) == 0)
            }
        }
    }

    @Test("a body goes with its job, however that ends", arguments: ["cancelled", "expired", "poison", "retried"])
    func removed(ending: String) async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let id = try await queue.submit(
                    queue.makeJob(due: ending == "expired" ? .seconds(-60) : .seconds(3_600), bytes: Self.bytes))
                #expect(try await Self.bodies(harness) == 1)
                switch ending {
                case "cancelled": _ = try await queue.submissions.cancel(id, reason: "r")
                case "expired":
                    try await queue.requireDepth(waiting: 1)
                    _ = try await queue.observer.reapExpired(from: [queue.queue])
                case "poison":
                    for death in 1...(harness.options.maximumCrashes + 1) {
                        let worker = harness.worker("w\(death)")
                        let job = try await queue.takeOne(worker)
                        if death > 1 { #expect(try await worker.beginTrial(of: job.id)) }
                        #expect(try await queue.observer.reap("w\(death)", from: [queue.queue]) == 1)
                    }
                    #expect(try await queue.take(harness.worker("heir")).isEmpty)
                default:
                    let worker = harness.worker("w")
                    try await worker.retry(try await queue.takeOne(worker), after: .zero, error: "e")
                    let again = try await queue.takeOne(worker)
                    #expect(again.job.inputs[0].bytes.readableBytes == Self.bytes)
                    try await worker.settle([queue.outcome(of: again)])
                }
                _ = try await queue.ending(of: id)
                #expect(try await Self.bodies(harness) == 0)
            }
        }
    }

    @Test("a job whose inputs are lost is told to the caller who waits for it")
    func lostInputs() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let job = queue.makeJob(1, replyTo: ReplyAddress(gateway: "g", token: 7), bytes: Self.bytes)
                let id = try await queue.submit(job)
                let body = try await harness.command("KEYS", "spate:{m.1}:body:*").array?.first?.string ?? ""
                #expect(try await harness.command("DEL", body).integer == 1)
                #expect(try await queue.take(harness.worker("w")).isEmpty)
                let reply = try #require(try await queue.replies(to: "g", count: 1).first)
                #expect(reply.id == id && reply.replyTo?.token == 7)
                guard case .failed(let failure) = reply.ending else {
                    Issue.record("it ended as \(reply.ending)")
                    return
                }
                #expect(failure.message.contains("has lost its inputs"))
            }
        }
    }

    @Test("a large job under a key is one job, with one body")
    func once() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let key = IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60))
                let job = queue.makeJob(1, bytes: Self.bytes)
                guard case .accepted(let id, _) = try await queue.submissions.submit(job, once: key) else {
                    Issue.record("it was not accepted")
                    return
                }
                #expect(try await queue.submissions.submit(job, once: key) == .existing(id))
                #expect(try await Self.bodies(harness) == 1)
                let body = try await harness.command("KEYS", "spate:{m.1}:body:*").array?.first?.string ?? ""
                #expect(try await harness.command("PTTL", body).integer == -1, "it waits for as long as its job")
                let taken = try await queue.takeOne(harness.worker("w"))
                #expect(taken.id == id && taken.job.inputs[0].bytes.readableBytes == Self.bytes)
            }
        }
    }

    @Test("one take holds as many large jobs as fit, and the others can be taken at once")
    func bounded() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                var ids: [JobID] = []
                for number in 0..<3 { ids.append(try await queue.submit(queue.makeJob(number, bytes: 30 << 20))) }
                let (one, other) = (harness.worker("one"), harness.worker("other"))
                #expect(try await queue.take(one).map(\.id) == Array(ids[..<2]))
                #expect(try await queue.take(other).map(\.id) == [ids[2]])
            }
        }
    }

    @Test("a large outcome is answered whole, is stored once, and does not pass the list of replies")
    func largeOutcome() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let job = queue.makeJob(1, replyTo: ReplyAddress(gateway: "g", token: 1), bytes: Self.bytes)
                let id = try await queue.submit(job)
                let worker = harness.worker("w")
                try await worker.settle([queue.outcome(of: try await queue.takeOne(worker))])
                let list = try await harness.command("MEMORY", "USAGE", "spate:reply:g").integer ?? .max
                #expect(list < 1_000)
                let replies = try await queue.replies(to: "g", count: 1)
                #expect(replies.map(\.id) == [id])
                guard case .finished(let tensors)? = replies.first?.ending else {
                    Issue.record("no outcome came")
                    return
                }
                #expect(tensors == job.inputs)
            }
        }
    }
}
