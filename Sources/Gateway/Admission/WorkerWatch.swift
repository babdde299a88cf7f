import Jobs
import Logging
import Synchronization

/// The speeds of all models as the workers report them, looked up once a second.
final class WorkerWatch: Sendable {
    private struct State {
        var speeds: [String: ModelSpeed] = [:]
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
    func speed(of queue: QueueName) -> ModelSpeed? {
        state.withLock { state in
            guard let read = state.read, ContinuousClock.now - read < Self.life else { return nil }
            return state.speeds[queue.description]
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
        let speeds = ModelSpeed.all(try await observer.workers())
        state.withLock { state in
            state.speeds = speeds
            state.read = .now
        }
    }
}
