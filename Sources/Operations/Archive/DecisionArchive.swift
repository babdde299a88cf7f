package import Jobs
package import Time

/// Where decisions are kept for seven days, with what they were decided from.
package protocol DecisionArchive: Sendable {
    /// Keeps a policy.
    /// - Returns: its hash, by which looks refer to it.
    func keep(policy json: String) async throws(QueueError) -> String

    func append(_ look: RecordedLook) async throws(QueueError)

    /// The decisions (JSON, one a pool) in a span of time, newest first, at most `limit`.
    func decisions(from: Timestamp, to: Timestamp, limit: Int) async throws(QueueError) -> [String]

    /// The newest look that is not after `time`.
    func look(notAfter time: Timestamp) async throws(QueueError) -> RecordedLook?

    /// The policy of that hash; `nil` if it is not kept any more.
    func policy(_ hash: String) async throws(QueueError) -> String?
}
