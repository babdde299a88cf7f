import Jobs
import Synchronization
import Time

/// The queue as the test says it is.
final class FakeQueue: QueueObserver {
    struct State {
        var depths: [QueueName: QueueDepth] = [:]
        var submitted: [QueueName: Int] = [:]
        var reports: [String: WorkerReport] = [:]
        var isAway = false
        var decisions: [String] = []
        var wake: (@Sendable (QueueName) -> Void)?
    }

    let state = Mutex(State())
    /// Workers, as they are reaped.
    let reaped: AsyncStream<String>
    /// Decisions, as they are recorded.
    let recorded: AsyncStream<String>
    private let report: AsyncStream<String>.Continuation
    private let record: AsyncStream<String>.Continuation
    private let watch: AsyncStream<Void>.Continuation
    /// An element once somebody watches submissions.
    let watched: AsyncStream<Void>

    init() {
        (reaped, report) = AsyncStream.makeStream(of: String.self)
        (recorded, record) = AsyncStream.makeStream(of: String.self)
        (watched, watch) = AsyncStream.makeStream(of: Void.self)
    }

    func set(_ queue: QueueName, waiting: Int = 0, inFlight: Int = 0, due: Int = 0) {
        state.withLock { state in
            let total = state.depths[queue]?.total ?? 0
            state.depths[queue] = QueueDepth(waiting: waiting, inFlight: inFlight, due: due)
            state.submitted[queue, default: 0] += max(waiting + inFlight + due - total, 0)
        }
    }

    func set(_ reports: WorkerReport...) {
        state.withLock { state in for report in reports { state.reports[report.id] = report } }
    }

    /// A job comes to a queue after a pause.
    func submit(to queue: QueueName) {
        set(queue, waiting: 1)
        state.withLock { $0.wake }?(queue)
    }

    var decisions: [String] { state.withLock { $0.decisions } }

    // MARK: QueueObserver

    func snapshot(of queues: [QueueName]) async throws(QueueError) -> [QueueName: QueueSnapshot] {
        let (state, isAway) = state.withLock { (($0.depths, $0.submitted), $0.isAway) }
        if isAway { throw QueueError(.unavailable, "the test took the queue away") }
        return Dictionary(
            uniqueKeysWithValues: queues.map { queue in
                (
                    queue,
                    QueueSnapshot(
                        depth: state.0[queue] ?? QueueDepth(waiting: 0, inFlight: 0, due: 0),
                        submitted: state.1[queue] ?? 0, oldestWaiting: nil)
                )
            })
    }

    func workers() async throws(QueueError) -> [WorkerReport] {
        let (reports, isAway) = state.withLock { (Array($0.reports.values), $0.isAway) }
        if isAway { throw QueueError(.unavailable, "the test took the queue away") }
        return reports
    }

    func reap(
        _ worker: String, from queues: [QueueName], ran: LastRuns
    ) async throws(QueueError) -> Reaped {
        if state.withLock({ $0.isAway }) { throw QueueError(.unavailable, "the test took the queue away") }
        let held = state.withLock { $0.reports.removeValue(forKey: worker)?.held ?? 0 }
        report.yield(worker)
        guard let queue = queues.first, held > 0 else { return Reaped() }
        return Reaped(jobs: [queue: held])
    }

    func reapExpired(from queues: [QueueName]) async throws(QueueError) -> [String] { [] }

    func watchSubmissions(_ wake: @escaping @Sendable (QueueName) -> Void) async {
        state.withLock { $0.wake = wake }
        watch.yield()
        let (never, _) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
    }

    func record(decision json: String) async throws(QueueError) {
        state.withLock { $0.decisions.append(json) }
        record.yield(json)
    }

    func decisions(newest count: Int) async throws(QueueError) -> [String] { decisions.suffix(count).reversed() }
}
