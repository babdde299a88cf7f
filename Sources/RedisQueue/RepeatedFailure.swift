import Logging
import Observability
import Synchronization
import Time

/// Says a failure that lasts once, then once a minute with the number of times, and once that it is over. What fails
/// several times a second would fill a disk otherwise, and a full disk is one of the reasons.
final class RepeatedFailure: Sendable {
    private struct State {
        var count = 0
        var told: Timestamp?
    }

    private static let pause = Duration.seconds(60)

    private let logger: Logger
    private let message: Logger.Message
    private let over: Logger.Message
    private let timing: QueueTiming
    private let state = Mutex(State())

    /// - Parameters:
    ///   - message: of the failure, logged as an error.
    ///   - over: of its end, logged as a notice.
    init(_ message: Logger.Message, over: Logger.Message, logger: Logger, timing: QueueTiming) {
        self.timing = timing
        self.message = message
        self.over = over
        self.logger = logger
    }

    func failed(_ error: some Error) {
        let now = timing.now()
        let count: Int? = state.withLock { state in
            state.count += 1
            if let told = state.told, now - told < Self.pause { return nil }
            state.told = now
            return state.count
        }
        guard let count else { return }
        let times = count > 1 ? " (\(count) times so far)" : ""
        logger.error(message, metadata: [LogKeys.reason: "\(error)\(times)"])
    }

    func ended() {
        let count = state.withLock { state in
            defer { state = State() }
            return state.count
        }
        if count > 0 { logger.notice(over, metadata: [LogKeys.reason: "it failed \(count) times"]) }
    }
}
