import Jobs
import RedisQueue
import TestSupport
import Testing

@Suite struct RedisQueueConformanceTests {
    @Test("the queue on Redis", arguments: QueueConformance.all)
    func conforms(_ conformance: QueueConformance) async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await conformance.check(harness.underTest)
            }
        }
    }
}
