import Jobs
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite struct MalformedEntryTests {
    @Test("settles entries that cannot be read, keeps them as dead letters and delivers the rest")
    func malformed() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                let lane = "spate:{m.1}:lane:normal"
                var broken: [JobID] = []
                for fields in [["j", "garbage"], ["j", ""], ["x", "y"]] {
                    let reply = try await harness.command("XADD", lane, "*", fields[0], fields[1])
                    let entry = try #require(reply.string.flatMap { EntryID($0) })
                    broken.append(JobID(queue: queue.queue, priority: .normal, entry: entry))
                }
                let good = try await queue.submit(queue.makeJob())
                #expect(try await queue.take(worker).map(\.id) == [good])
                for id in broken {
                    guard case .failed(let failure) = try await queue.ending(of: id) else {
                        Issue.record("job \(id) did not fail")
                        continue
                    }
                    #expect(failure.code == .internal)
                }
                #expect(try await harness.command("XLEN", "spate:{m.1}:dead") == .integer(3))
                try await queue.requireDepth(inFlight: 1)
            }
        }
    }

    @Test("drops pointers that cannot be read or name no job")
    func malformedPointers() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w")
                _ = try await queue.take(worker)
                for pointer in ["nonsense", "normal 1-1", "normal", "urgent 1-1"] {
                    try await harness.command("XADD", "spate:{m.1}:again", "*", "p", pointer)
                }
                #expect(try await queue.take(worker).isEmpty)
                #expect(try await harness.command("XLEN", "spate:{m.1}:again") == .integer(0))
                try await queue.requireDepth()
            }
        }
    }

    @Test("says so when a key holds something else")
    func wrongType() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                try await harness.command("SET", "spate:{m.1}:lane:normal", "not a stream")
                await #expect {
                    _ = try await queue.submissions.submit(queue.makeJob(), once: nil)
                } throws: {
                    ($0 as? QueueError)?.code == .malformed
                }
            }
        }
    }
}
