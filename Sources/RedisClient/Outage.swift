import Logging
import Observability
import Synchronization

/// Says once that Redis is away, again at every twentieth failure, and once that it is back.
final class Outage: Sendable {
    private let label: String
    private let logger: Logger
    private let failures = Mutex(0)

    init(label: String, logger: Logger) {
        self.label = label
        self.logger = logger
    }

    func failed(_ error: RedisError) {
        let count = failures.withLock { failures in
            failures += 1
            return failures
        }
        guard count == 1 || count.isMultiple(of: 20) else { return }
        logger.warning("Redis is away", metadata: [LogKeys.redis: "\(label)", LogKeys.reason: "\(error.message)"])
    }

    func ended() {
        let count = failures.withLock { failures in
            defer { failures = 0 }
            return failures
        }
        if count > 0 { logger.notice("Redis is back", metadata: [LogKeys.redis: "\(label)"]) }
    }
}
