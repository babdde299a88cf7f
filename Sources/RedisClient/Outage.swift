import Logging

/// Says once that Redis is away, again at every twentieth failure, and once that it is back.
struct Outage {
    private let label: String
    private let logger: Logger
    private var failures = 0

    init(label: String, logger: Logger) {
        self.label = label
        self.logger = logger
    }

    mutating func failed(_ error: RedisError) {
        failures += 1
        guard failures == 1 || failures % 20 == 0 else { return }
        logger.warning("Redis is away", metadata: ["redis": "\(label)", "reason": "\(error.message)"])
    }

    mutating func ended() {
        if failures > 0 { logger.notice("Redis is back", metadata: ["redis": "\(label)"]) }
        failures = 0
    }
}
