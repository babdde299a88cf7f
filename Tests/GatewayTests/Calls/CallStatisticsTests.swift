import GatewayCore
import HTTPTypes
import Jobs
import NIOCore
import Observability
import Tensors
import TestSupport
import TestKit
import Testing
import Time

@testable import Gateway

@Suite struct CallStatisticsTests {
    private func outcome(_ gateway: GatewayHarness, rows: Int, of batchRows: Int, compute: Duration) -> Outcome {
        let now = gateway.clock.now()
        let tensor = Tensor(name: "y", elementType: .float32, shape: [rows, 2], bytes: ByteBuffer())
        return Outcome(
            id: JobID(queue: gateway.name, priority: .normal, entry: EntryID(milliseconds: 1, sequence: 0)),
            replyTo: nil, echo: ByteBuffer(), ending: .finished([tensor]),
            run: RunRecord(
                submitted: now, settled: now + .milliseconds(3), compute: compute, batchRows: batchRows, worker: "w"))
    }

    @Test("counts runs, and each run's time once, however many jobs were in it")
    func countsRuns() throws {
        let gateway = try GatewayHarness()
        let statistics = gateway.calls.statistics
        // Two runs of 8 rows (4 jobs of 2, 8 jobs of 1) and one of 1 row.
        for _ in 0..<4 {
            statistics.record(outcome(gateway, rows: 2, of: 8, compute: .milliseconds(10)), endToEnd: nil)
        }
        for _ in 0..<8 {
            statistics.record(outcome(gateway, rows: 1, of: 8, compute: .milliseconds(12)), endToEnd: nil)
        }
        statistics.record(outcome(gateway, rows: 1, of: 1, compute: .milliseconds(2)), endToEnd: .milliseconds(9))
        let document = V2Statistics(gateway.name, statistics.totals(of: gateway.name))
        #expect(document.inference_count == 17)
        #expect(document.execution_count == 3)
        #expect(document.batch_stats.map(\.batch_size) == [1, 8])
        #expect(document.batch_stats.map(\.compute_infer.count) == [1, 2])
        #expect(document.batch_stats.map(\.compute_infer.ns) == [2_000_000, 22_000_000])
        #expect(document.batch_stats.map { $0.batch_size * $0.compute_infer.count }.reduce(0, +) == 17)
        #expect(document.inference_stats.success.count == 13)
        #expect(document.inference_stats.success.ns == 12 * 3_000_000 + 9_000_000)
    }

    @Test("a model that becomes readable counts rows from then on")
    func countsMended() async throws {
        let gateway = try GatewayHarness()
        var broken = gateway.catalog.models[0]
        let mended = broken
        broken.problem = "its file cannot be read"
        let catalog = ModelCatalog([broken], reread: { _ in mended })
        let statistics = CallStatistics(catalog)
        let outcome = outcome(gateway, rows: 3, of: 3, compute: .milliseconds(1))
        // The file is read beside whoever asks.
        try await eventually("the mended file") {
            let before = statistics.totals(of: gateway.name).rows
            statistics.record(outcome, endToEnd: nil)
            return statistics.totals(of: gateway.name).rows - before == 3
        }
    }

    @Test("shapes and sizes that no model has do not end the process")
    func hostile() throws {
        let gateway = try GatewayHarness()
        let statistics = gateway.calls.statistics
        for rows in [Int.max, .max, -1, 0, .min] {
            for batch in [1, Int(UInt32.max), 0] {
                statistics.record(
                    outcome(gateway, rows: rows, of: batch, compute: .microseconds(Int64.max)), endToEnd: .seconds(1e12)
                )
            }
        }
        let document = V2Statistics(gateway.name, statistics.totals(of: gateway.name))
        #expect(document.inference_stats.success.count == 15)
        #expect(document.inference_stats.success.ns == .max)
        #expect(document.execution_count > 0)
    }

    @Test("counts asynchronous jobs, and all of the time that a synchronous caller waited")
    func countsBothKinds() async throws {
        let gateway = try GatewayHarness()
        let ending = Outcome.Ending.finished([
            Tensor(name: "y", elementType: .float32, shape: [1, 2], bytes: ByteBuffer(repeating: 0, count: 8))
        ])
        try await gateway.serving {
            for ending in [ending, .expired, .failed(JobFailure(code: .backend, message: "m", attempts: 1))] {
                let name = try gateway.ticket(await gateway.submit())
                let job = try await gateway.take()
                try await gateway.settle(job, ending)
                _ = await gateway.send(.get, "/v2/jobs/\(name)?wait=20s")
            }
            // The queue's clock stands still: what is counted for this call is the gateway's own time.
            async let reply = gateway.infer()
            try await gateway.settle(gateway.take(), ending)
            #expect(await reply.status == .ok)
            let totals = gateway.calls.statistics.totals(of: gateway.name)
            #expect(totals.succeeded == 2)
            #expect(totals.failed == 2)
            #expect(totals.endToEnd > .zero)
        }
        let text = gateway.metrics.text
        for line in [
            #"spate_gateway_outcomes_total{model="m",ending="finished"} 2"#,
            #"spate_gateway_outcomes_total{model="m",ending="failed"} 1"#,
            #"spate_gateway_outcomes_total{model="m",ending="expired"} 1"#,
            #"spate_gateway_requests_total{protocol="jobs_http",model="m",status="200"} 3"#,
        ] { #expect(text.contains(line), "\(line) in \(text)") }
    }

    @Test("does not count what a replay finds")
    func ignoresReplays() async throws {
        let gateway = try GatewayHarness()
        try await gateway.serving {
            _ = await gateway.submit([.idempotencyKey: "k"])
            try await gateway.settle(
                gateway.take(),
                .finished([
                    Tensor(name: "y", elementType: .float32, shape: [1, 2], bytes: ByteBuffer(repeating: 0, count: 8))
                ]))
            for _ in 0..<3 { #expect(await gateway.infer([.idempotencyKey: "k"]).status == .ok) }
        }
        #expect(gateway.calls.statistics.totals(of: gateway.name).succeeded <= 1)
    }
}
