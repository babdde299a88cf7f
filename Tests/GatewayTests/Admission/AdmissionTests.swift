import HTTPTypes
import Jobs
import TestSupport
import Testing
import Time

@testable import Gateway

@Suite struct AdmissionTests {
    private let worker = WorkerReport(
        id: "a", pool: "cpu", state: .ready, started: .zero,
        models: [WorkerReport.ModelReport(queue: "m.1", instances: 1, fixedCost: 0.002, costPerRow: 0.0005)])

    @Test("a full queue is counted once more before a job is refused for it")
    func countsAnew() async throws {
        let gateway = try GatewayHarness(maximumQueue: 2)
        for _ in 0..<2 { #expect(await gateway.submit().status == .accepted) }
        #expect(await gateway.submit().status == .tooManyRequests)
        // Settled for somebody else: this gateway is not told.
        _ = try await gateway.settle(gateway.take(), .expired)
        #expect(await gateway.submit().status == .accepted)
    }

    @Test("a refusal says when a tenth of the queue will be worked off, from a second to a minute")
    func tellsRetryAfter() async throws {
        let gateway = try GatewayHarness(maximumQueue: 1)
        _ = await gateway.submit()
        #expect(await gateway.submit().headers[.retryAfter] == "2", "of 20 s where nothing is known")
        _ = try await gateway.queue.worker("a").renewLease(worker)
        try await gateway.calls.lookAtWorkers()
        #expect(await gateway.submit().headers[.retryAfter] == "1")
    }

    @Test("a submit that fails takes no room")
    func forgetsFailures() async throws {
        let gateway = try GatewayHarness(maximumQueue: 1)
        // The secret is there before the queue goes away.
        let other = try GatewayHarness(sharing: gateway)
        _ = try await other.calls.tickets.signer()
        gateway.queue.fail(with: QueueError(.unavailable, "away"))
        for _ in 0..<3 { #expect(await gateway.submit().status == .serviceUnavailable) }
        gateway.queue.fail(with: nil)
        #expect(await gateway.submit().status == .accepted)
    }

    @Test("a submit says how long it will take, a later look does not")
    func saidAtSubmit() async throws {
        let gateway = try GatewayHarness()
        let first = await gateway.submit()
        #expect(try first.document["expected_wait_ms"] == nil)
        _ = try await gateway.queue.worker("a").renewLease(worker)
        try await gateway.calls.lookAtWorkers()
        try await gateway.settle(gateway.take(), .expired)
        let idle = await gateway.submit()
        #expect(try idle.document["expected_wait_ms"] as? Int == 2)
        for _ in 0..<99 { _ = await gateway.submit() }
        let loaded = await gateway.submit()
        // 100 rows in batches of 64, of 34 ms each, and the job's own run.
        #expect(try loaded.document["expected_wait_ms"] as? Int == 55)
        let later = await gateway.send(.get, "/v2/jobs/\(try gateway.ticket(loaded))")
        #expect(try later.document["expected_wait_ms"] == nil)
    }
}
