import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite struct QueueBenchmarkTests {
    @Test("the benchmark settles every job that it submits and leaves no queue behind")
    func small() async throws {
        try await withPrivateRedis { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                var benchmark = QueueBenchmark()
                benchmark.jobs = 1_001
                benchmark.concurrency = 16
                benchmark.backlog = 100
                benchmark.bytes = 512
                let report = try await benchmark.run(harness.connections)
                #expect(report.jobs == 1_001)
                #expect(report.jobsPerSecond > 0)
                #expect(report.submit.p50 <= report.submit.p99 && report.submit.p99 <= report.submit.maximum)
                #expect(report.settled.p50 > .zero)
                let streams = try await harness.command("SCAN", "0", "COUNT", "100000", "TYPE", "stream")
                #expect(streams.array?.last?.array?.isEmpty == true)
            }
        }
    }
}
