package import Time

/// One thing that an operator set by hand. It lives in Redis, so it survives a restart of the scaler, and whoever can reach
/// the Redis can set it.
package struct ControlEntry: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A pool has exactly `count` workers, until it expires.
        case override
        /// Nothing is started and nothing drained in a pool, or in all (`everything`).
        case pause
        /// A worker is not scaled in, until it expires.
        case protect
        /// A worker will be taken away (a spot notice): it drains, hands back, and is replaced at once.
        case leave
        /// The files are read again; each entry does it once.
        case reload
    }

    /// The subject of a pause of all pools. No pool has this name.
    package static let everything = "*"
    /// Longest time that an entry may stand.
    package static let longest = Duration.seconds(30 * 86_400)

    package var kind: Kind
    /// A pool's name, a worker's id, or `everything`.
    package var subject: String
    /// Workers, for `override`.
    package var count: Int?
    package var set: Timestamp
    /// From then on it does not count; `nil`: until it is taken back.
    package var until: Timestamp?
    /// Why, in the operator's words.
    package var note: String?

    package init(
        _ kind: Kind, _ subject: String, count: Int? = nil, set: Timestamp, until: Timestamp? = nil, note: String? = nil
    ) {
        self.kind = kind
        self.subject = subject
        self.count = count
        self.set = set
        self.until = until
        self.note = note
    }

    package func holds(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }
}
