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

@Suite struct ReplyTableTests {
    private func id(_ sequence: UInt64) throws -> JobID {
        JobID(
            queue: try #require(QueueName(model: "m", version: "1")), priority: .normal,
            entry: EntryID(milliseconds: 1, sequence: sequence))
    }

    private func answer(_ table: ReplyTable, _ token: UInt64, _ sequence: UInt64) async throws -> ReplyTable.Answer {
        await table.answer(to: token, of: try id(sequence), within: .seconds(20), keeping: .zero)
    }

    @Test(
        "a break is told once, when the job is known, where nobody could look for its outcome before",
        .timeLimit(.minutes(1)))
    func tellsBreaks() async throws {
        let table = ReplyTable()
        let tokens = [table.makeToken(), table.makeToken()]
        #expect(table.noteBreak().isEmpty)
        for round in 1...2 {
            for (number, token) in tokens.enumerated() {
                guard case .broken = try await answer(table, token, UInt64(number)) else {
                    Issue.record("nobody was told of break \(round)")
                    return
                }
            }
            // From then on they are known, also to whoever looks for what was lost.
            #expect(try Set(table.noteBreak()) == [id(0), id(1)])
        }
        let fresh = table.makeToken()
        _ = try await answer(table, tokens[0], 0)
        let outcome = Outcome(
            id: try id(0), replyTo: ReplyAddress(gateway: "g", token: tokens[0]), echo: ByteBuffer(), ending: .expired,
            run: RunRecord(submitted: .zero, settled: .zero, worker: "w"))
        for token in [tokens[0], fresh] {
            var outcome = outcome
            outcome.replyTo?.token = token
            #expect(table.deliver(outcome) == .caller)
            guard case .outcome = try await answer(table, token, 0) else {
                Issue.record("told of a break that is over")
                return
            }
        }
    }

    @Test("an outcome that came before its job was known is its caller's", .timeLimit(.minutes(1)))
    func keepsEarly() async throws {
        let table = ReplyTable()
        let token = table.makeToken()
        let outcome = Outcome(
            id: try id(1), replyTo: ReplyAddress(gateway: "g", token: token), echo: ByteBuffer(), ending: .expired,
            run: RunRecord(submitted: .zero, settled: .zero, worker: "w"))
        #expect(table.deliver(outcome) == .caller)
        guard case .outcome(let got) = try await answer(table, token, 1) else {
            Issue.record("the outcome is lost")
            return
        }
        #expect(got.id == outcome.id)
        #expect(table.count == 0)
    }
}

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
        let (model, clock) = (gateway.routes.catalog.models[0], gateway.clock)
        let calls = CallService(
            gateway: "g", settings: GatewaySettings(), catalog: gateway.routes.catalog, queue: late,
            observer: gateway.queue, meters: GatewayMeters(in: MetricsRegistry(), models: ["m"]), time: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let serving = Task { await calls.run() }
        defer { serving.cancel() }
        try await eventually("a watcher") { late.isWatched }
        let call = InferenceCall(model: model, inputs: [], requestedOutputs: [], echo: ByteBuffer())
        guard case .stored(let outcome, _) = try await calls.answer(call, watch: ConnectionWatch(), submitted: {})
        else {
            Issue.record("the caller waited for an outcome that was lost")
            return
        }
        #expect(outcome.ending.name == "failed")
        #expect(calls.waiting == 0)
    }
}
