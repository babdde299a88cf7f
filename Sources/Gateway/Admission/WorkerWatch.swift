import GatewayCore
import Jobs
import Logging
import Synchronization

/// What the workers report of their models, looked up once a second: their speeds, and who serves what.
final class WorkerWatch: Sendable {
    private struct State {
        var speeds: [String: ModelSpeed] = [:]
        var reports: [WorkerReport] = []
        var read: ContinuousClock.Instant?
    }

    private static let interval: Duration = .seconds(1)
    /// What was read longer ago is not true any more: a worker's lease may be over since.
    private static let life: Duration = .seconds(3)

    private let observer: any QueueObserver
    private let logger: Logger
    private let state = Mutex(State())

    init(observer: any QueueObserver, logger: Logger) {
        self.observer = observer
        self.logger = logger
    }

    /// `nil` while it is not known.
    func speed(of queue: QueueName) -> ModelSpeed? { read { $0.speeds[queue.description] } }

    /// The pools in which a worker takes jobs of the queue; none while it is not known.
    func pools(serving queue: QueueName) -> Set<String> {
        read { Set($0.reports.filter { $0.serves(queue) }.map(\.pool)) } ?? []
    }

    private func read<R>(_ body: (State) -> R?) -> R? {
        state.withLock { state in
            guard let read = state.read, ContinuousClock.now - read < Self.life else { return nil }
            return body(state)
        }
    }

    /// Looks until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do throws(QueueError) {
                try await look()
            } catch {
                logger.debug("the workers' speeds cannot be read", metadata: ["reason": "\(error)"])
            }
            // Only cancellation throws, and the loop's condition sees it.
            try? await Task.sleep(for: Self.interval)
        }
    }

    func look() async throws(QueueError) {
        let reports = try await observer.workers()
        let speeds = ModelSpeed.all(reports)
        state.withLock { state in
            state.speeds = speeds
            state.reports = reports
            state.read = .now
        }
    }
}
