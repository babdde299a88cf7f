import Clocks
import GatewayCore
import Jobs
import Logging
import Observability
import Synchronization
import Time

/// What the workers report of their models, looked up once a second: their speeds, and who serves what.
final class WorkerWatch: Sendable {
    private struct State {
        var speeds: [String: ModelSpeed] = [:]
        var reports: [WorkerReport] = []
        var read: Timestamp?
    }

    private static let interval: Duration = .seconds(1)
    /// What was read longer ago is not true any more: a worker's lease may be over since.
    private static let life: Duration = .seconds(3)

    private let observer: any QueueObserver
    private let clock: WaitClock
    private let logger: Logger
    private let state = Mutex(State())

    init(observer: any QueueObserver, clock: WaitClock, logger: Logger) {
        self.observer = observer
        self.clock = clock
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
            guard let read = state.read, clock.now() - read < Self.life else { return nil }
            return body(state)
        }
    }

    /// Looks until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do throws(QueueError) {
                try await look()
            } catch {
                logger.debug("the workers' speeds cannot be read", metadata: [LogKeys.reason: "\(error)"])
            }
            // Only cancellation throws, and the loop's condition sees it.
            try? await clock.sleep(Self.interval)
        }
    }

    func look() async throws(QueueError) {
        let reports = try await observer.workers()
        let speeds = ModelSpeed.all(reports)
        let now = clock.now()
        state.withLock { state in
            state.speeds = speeds
            state.reports = reports
            state.read = now
        }
    }
}
