/// How long a synchronous caller waits, and what becomes of his job when he goes.
package struct CallTerms: Sendable, Equatable {
    /// How long the outcome of a synchronous call is kept at least. Long enough that a late second finisher of the same
    /// job is recognised and discarded.
    private static let leastRetention: Duration = .seconds(30)
    /// How long after its deadline a job's own outcome (a result just in time, or that it expired) may still come.
    private static let deadlineMargin: Duration = .milliseconds(100)
    /// By how much an outcome outlives the caller's wait: when it was lost on its way here, the caller finds it stored.
    private static let retentionMargin: Duration = .seconds(10)

    /// How long the caller waits.
    package let limit: Duration
    /// Whether the wait ends with the job's deadline, after which its outcome is worth nothing.
    package let endsAtDeadline: Bool
    /// Whether the caller can come back for the job by its key: then it goes on without him.
    package let isRepeatable: Bool
    /// How long the outcome is kept for a caller who left with the job's id.
    package let retention: Duration

    /// - Parameters:
    ///   - timeout: what the caller, or the gateway for him, allows.
    ///   - deadline: from now until the outcome is worth nothing.
    package init(timeout: Duration, deadline: Duration?, isRepeatable: Bool, retention: Duration) {
        let end = deadline.map { $0 + Self.deadlineMargin }
        limit = min(timeout, end ?? timeout)
        endsAtDeadline = limit < timeout
        self.isRepeatable = isRepeatable
        self.retention = retention
    }

    /// How long the outcome is kept for a caller who gets his answer.
    package var retentionOfAnswered: Duration {
        isRepeatable ? retention : max(Self.leastRetention, limit + Self.retentionMargin)
    }
}
