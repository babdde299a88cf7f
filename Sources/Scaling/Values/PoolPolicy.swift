package import Time

/// What an operator sets for one pool.
package struct PoolPolicy: Sendable, Equatable, Codable {
    package var name: String
    /// Workers that stay when there is no work.
    package var minimum: Int
    /// Zero switches the pool off.
    package var maximum: Int
    /// Money per worker and hour.
    package var pricePerHour: Double
    /// Planned with until a worker became ready. Default 1 s.
    package var assumedStartUp: Duration
    /// At most so many workers started in a span of time. Default `nil`: a burst gets all its workers at once.
    package var scaleOutLimit: RateLimit?
    /// At most so many workers drained in a span of time. Default `nil`: no bound.
    package var scaleInLimit: RateLimit?
    /// How long fewer workers must have been enough. Default `nil`: that of the policy, else tied to the start-up time.
    package var scaleInWindow: Duration?
    /// A count that somebody pinned by hand. Default `nil`.
    package var override: PoolOverride?
    /// Nothing is started and nothing drained. Default false.
    package var isPaused: Bool

    package init(
        name: String, minimum: Int = 0, maximum: Int, pricePerHour: Double = 0, assumedStartUp: Duration = .seconds(1),
        scaleOutLimit: RateLimit? = nil, scaleInLimit: RateLimit? = nil, scaleInWindow: Duration? = nil,
        override: PoolOverride? = nil, isPaused: Bool = false
    ) {
        self.name = name
        self.maximum = max(maximum, 0)
        self.minimum = min(max(minimum, 0), self.maximum)
        self.pricePerHour = pricePerHour
        self.assumedStartUp = assumedStartUp
        self.scaleOutLimit = scaleOutLimit
        self.scaleInLimit = scaleInLimit
        self.scaleInWindow = scaleInWindow
        self.override = override
        self.isPaused = isPaused
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        minimum = try values.decode(Int.self, forKey: .minimum)
        maximum = try values.decode(Int.self, forKey: .maximum)
        pricePerHour = try values.decode(Double.self, forKey: .pricePerHour)
        assumedStartUp = try values.decode(Duration.self, forKey: .assumedStartUp)
        scaleOutLimit = try values.decodeIfPresent(RateLimit.self, forKey: .scaleOutLimit)
        scaleInLimit = try values.decodeIfPresent(RateLimit.self, forKey: .scaleInLimit)
        scaleInWindow = try values.decodeIfPresent(Duration.self, forKey: .scaleInWindow)
        override = try values.decodeIfPresent(PoolOverride.self, forKey: .override)
        isPaused = try values.decodeIfPresent(Bool.self, forKey: .isPaused) ?? false
    }
}

/// At most `workers` in any span of `per`.
///
/// - Example: 10 per 30 s: ten at once, the next ten 30 s later.
package struct RateLimit: Sendable, Equatable, Codable {
    package var workers: Int
    package var per: Duration

    package init(workers: Int, per: Duration) {
        self.workers = max(workers, 1)
        self.per = max(per, .milliseconds(1))
    }
}

/// A count of workers that holds until it expires, whatever the work. Minimum, maximum and budget still hold, and busy
/// workers still finish.
package struct PoolOverride: Sendable, Equatable, Codable {
    package var count: Int
    /// From then on the pool is decided as usual.
    package var expires: Timestamp
    /// Who pinned it and why, for the decision.
    package var note: String?

    package init(count: Int, expires: Timestamp, note: String? = nil) {
        self.count = max(count, 0)
        self.expires = expires
        self.note = note
    }
}
