import Clocks
import GatewayCore
import Jobs
import Logging
import NIOCore
import Observability
import Settings
import Synchronization
import Tensors
import TestSupport
import Testing
import Time

@testable import Gateway

/// A queue whose submits are answered late: the job has run by then, and its answer was lost on its way to the gateway.
private final class LateQueue: SubmissionQueue {
    private let queue: ModelQueue
    private let outcome: Outcome.Ending
    private let lookers = Mutex<[@Sendable () -> [JobID]]>([])

    init(_ queue: ModelQueue, _ outcome: Outcome.Ending) {
        self.queue = queue
        self.outcome = outcome
    }

    var isWatched: Bool { lookers.withLock { !$0.isEmpty } }

    func submit(_ job: Job, once: IdempotencyKey?) async throws(QueueError) -> Submission {
        let submission = try await queue.submit(job, once: once)
        let worker = queue.worker("w")
        for job in try await worker.take(upTo: 1, from: [job.queue], waiting: .seconds(20)) {
            let run = RunRecord(submitted: job.job.submitted, settled: job.job.submitted, worker: "w")
            try await worker.settle([
                Settlement(
                    outcome: Outcome(
                        id: job.id, replyTo: job.job.replyTo, echo: job.job.echo, ending: outcome, run: run),
                    retention: job.job.retention)
            ])
        }
        for look in lookers.withLock({ $0 }) { _ = look() }
        return submission
    }

    func deliverReplies(
        to gateway: String, waiting: @escaping @Sendable () -> [JobID],
        _ deliver: @escaping @Sendable (Outcome) -> Void
    ) async {
        lookers.withLock { $0.append(waiting) }
        try? await Task.sleep(for: .seconds(3_600))
    }

    func state(of id: JobID) async throws(QueueError) -> JobState { try await queue.state(of: id) }
    func state(of id: JobID, waitingUpTo limit: Duration) async throws(QueueError) -> JobState {
        try await queue.state(of: id, waitingUpTo: limit)
    }
    func cancel(_ id: JobID, reason: String) async throws(QueueError) -> JobState {
        try await queue.cancel(id, reason: reason)
    }
    func keepOutcome(of id: JobID, for retention: Duration) async throws(QueueError) {
        try await queue.keepOutcome(of: id, for: retention)
    }
    func depth(of name: QueueName) async throws(QueueError) -> QueueDepth { try await queue.depth(of: name) }
    func jobSecret(orElse known: JobSecret?) async throws(QueueError) -> JobSecret {
        try await queue.jobSecret(orElse: known)
    }
    func verify() async throws(QueueError) {}
}

@Suite struct LateSubmitTests {
    @Test("an outcome that was lost while its submit was unanswered is looked up at once", .timeLimit(.minutes(1)))
    func looksItUp() async throws {
        let gateway = try GatewayHarness()
        let late = LateQueue(gateway.queue, .failed(JobFailure(code: .backend, message: "m", attempts: 1)))
        let (model, clock) = (gateway.catalog.models[0], gateway.clock)
        let calls = CallService(
            gateway: "g", settings: GatewaySettings(), catalog: gateway.catalog, queue: late,
            observer: gateway.queue, meters: GatewayMeters(in: MetricsRegistry(), models: ["m"]), time: clock,
            clock: WaitClock(ContinuousClock()), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let serving = Task { await calls.run() }
        defer { serving.cancel() }
        try await eventually("a watcher") { late.isWatched }
        let call = InferenceCall(model: model, inputs: [], requestedOutputs: [], echo: ByteBuffer())
        let result = try await calls.answer(call, for: Caller(), submitted: {})
        guard case .stored(let outcome) = result.answer else {
            Issue.record("the caller waited for an outcome that was lost")
            return
        }
        #expect(outcome.ending.name == "failed")
        #expect(calls.waiting == 0)
    }
}
