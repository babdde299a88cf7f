import Jobs
import NIOCore
import RedisClient
import RedisQueue
import Tensors
import TestSupport
import Testing

/// Jobs and outcomes with more than the wire carries.
@Suite struct WireLimitTests {
    @Test("a job that the wire cannot carry is refused in words, with and without a key, and nothing of it is queued")
    func refusesJobs() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                for once in [nil, IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60))] {
                    for bytes in [8, 100_000] {
                        var job = queue.makeJob(1, bytes: bytes)
                        job.tenant = String(repeating: "t", count: 65_536)
                        let refused = job
                        let error = await #expect(throws: QueueError.self) {
                            try await harness.submissions.submit(refused, once: once)
                        }
                        #expect(error?.code == .notCarried)
                        #expect(
                            error?.message.contains("the tenant is 65536 long, and at most 65535 can be carried")
                                == true)
                        job.tenant = nil
                        job.requestedOutputs = Array(repeating: "y", count: 65_536)
                        let many = job
                        let other = await #expect(throws: QueueError.self) {
                            try await harness.submissions.submit(many, once: once)
                        }
                        #expect(other?.message.contains("the number of requested outputs") == true)
                    }
                }
                #expect(try await harness.submissions.depth(of: harness.queue).total == 0)
                let keys = try await harness.command("KEYS", "*body*").array
                #expect(keys == [])
            }
        }
    }

    @Test("an outcome that the wire cannot carry is refused as too large, so that a failure takes its place")
    func refusesOutcomes() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let id = try await queue.submit(queue.makeJob(1))
                let taken = try await queue.takeOne(worker)
                var settlement = queue.outcome(of: taken)
                var tensor = taken.job.inputs[0]
                tensor.name = String(repeating: "y", count: 65_536)
                settlement.outcome.ending = .finished([tensor])
                let refused = settlement
                let error = await #expect(throws: QueueError.self) { try await worker.settle([refused]) }
                #expect(error?.code == .tooLarge && error?.message.contains("the name of a tensor") == true)
                try await worker.settle([queue.outcome(of: taken)])
                guard case .settled = try await harness.submissions.state(of: id) else {
                    Issue.record("the job was not settled")
                    return
                }
            }
        }
    }
}
