import GatewayCore
import Jobs
import Logging
import Observability
import Synchronization
import Time

/// Says why the queue refuses what callers ask for, with the address that callers are not told: the first time, and then at most
/// every ten seconds with how often.
final class TroubleLog: Sendable {
    private struct State {
        var next: Timestamp?
        var unsaid = 0
    }

    private static let pause: Duration = .seconds(10)

    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    /// - Parameter now: time that only goes on.
    init(logger: Logger, now: @escaping @Sendable () -> Timestamp) {
        self.logger = logger
        self.now = now
    }

    /// What the caller of a request is told that failed for `error`.
    func note(_ error: QueueError) -> QueueTrouble {
        let now = now()
        let count: Int? = state.withLock { state in
            state.unsaid += 1
            if let next = state.next, now < next { return nil }
            state.next = now + Self.pause
            defer { state.unsaid = 0 }
            return state.unsaid
        }
        if let count {
            logger.warning(
                "Requests are refused: the queue does not take them",
                metadata: [LogKeys.reason: "\(error.message)", LogKeys.requests: "\(count)"])
        }
        return QueueTrouble(error)
    }
}
