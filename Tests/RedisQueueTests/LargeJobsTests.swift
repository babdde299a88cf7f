import Jobs
import NIOCore
import RedisClient
import RedisQueue
import Tensors
import TestSupport
import Testing

@Suite struct LargeJobsTests {
    @Test("a backlog of more bytes than one reply may have is taken all the same, each job once")
    func takesInParts() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let bytes = 100_000
                var ids: Set<JobID> = []
                for _ in 0..<40 {
                    let tensor = Tensor(
                        name: "x", elementType: .uint8, shape: [bytes], bytes: ByteBuffer(repeating: 1, count: bytes))
                    let job = Job(
                        queue: harness.queue, submitted: harness.clock.now(), retention: .seconds(60), inputs: [tensor])
                    guard case .accepted(let id, _) = try await harness.submissions.submit(job, once: nil) else {
                        Issue.record("a job was not accepted")
                        continue
                    }
                    ids.insert(id)
                }
                let worker = harness.worker("w", maximumReplyBytes: 1_000_000)
                var taken: [JobID] = []
                // Each refused reply costs one take: 40, 5 and then none.
                for _ in 0..<60 where taken.count < ids.count {
                    do {
                        taken += try await worker.take(upTo: 40, from: [harness.queue], waiting: .zero).map(\.id)
                    } catch let error as QueueError {
                        #expect([.tooLarge, .unavailable].contains(error.code))
                    }
                }
                #expect(taken.count == ids.count)
                #expect(Set(taken) == ids)
            }
        }
    }

    @Test("a job that is larger than a connection carries is refused with its size, and none is in the queue")
    func refusesTooLarge() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let bytes = 257 << 20
                let tensor = Tensor(
                    name: "x", elementType: .uint8, shape: [bytes], bytes: ByteBuffer(repeating: 1, count: bytes))
                let job = Job(
                    queue: harness.queue, submitted: harness.clock.now(), retention: .seconds(60), inputs: [tensor])
                var refusal: QueueError?
                do {
                    _ = try await harness.submissions.submit(job, once: nil)
                } catch let error as QueueError {
                    refusal = error
                }
                let message = refusal?.message ?? "it was accepted"
                #expect(refusal?.code == .tooLarge)
                #expect(message.contains("at most 268435456 bytes"))
                let depth = try await harness.submissions.depth(of: harness.queue)
                #expect(depth.total == 0)
            }
        }
    }
}
