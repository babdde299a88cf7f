import Jobs

/// Every key, channel and group name that Spate uses in Redis.
///
/// All keys of one queue carry the Cluster hash tag `{model.version}`; `QueueName` admits no braces.
enum Keys {
    /// The consumer group of every stream.
    static let group = "workers"
    /// The consumer at which given-back jobs are pending. No worker's id begins with a colon.
    static let returned = ":returned"

    // MARK: Of one queue

    static func lane(_ queue: QueueName, _ priority: PriorityClass) -> String { lanePrefix(queue) + priority.name }

    static func lanePrefix(_ queue: QueueName) -> String { prefix(queue) + "lane:" }

    /// Pointers to given-back jobs that can be taken: a stream, one field `p`, `"<class> <entry>"`.
    static func again(_ queue: QueueName) -> String { prefix(queue) + "again" }

    /// The same pointers, scored by the millisecond at which the job can be taken.
    static func due(_ queue: QueueName) -> String { prefix(queue) + "due" }

    static func result(_ id: JobID) -> String { "\(resultPrefix(id.queue))\(notice(id))" }

    static func resultPrefix(_ queue: QueueName) -> String { prefix(queue) + "result:" }

    static func once(_ queue: QueueName, _ key: String) -> String { prefix(queue) + "once:" + key }

    static func dead(_ queue: QueueName) -> String { prefix(queue) + "dead" }

    /// The cancelled jobs that one worker held when they were cancelled.
    static func cancelled(_ queue: QueueName, at worker: String) -> String { cancelledPrefix(queue) + worker }

    static func cancelledPrefix(_ queue: QueueName) -> String { prefix(queue) + "cancel:" }

    // MARK: Channels of one queue; the messages are notices

    static func settledChannel(_ queue: QueueName) -> String { prefix(queue) + "settled" }

    static func cancelledChannel(_ queue: QueueName) -> String { prefix(queue) + "cancelled" }

    /// `<class>.<entry>`: a job within its queue.
    static func notice(_ id: JobID) -> String {
        "\(id.priority.name).\(id.entry.milliseconds)-\(id.entry.sequence)"
    }

    /// The job that a notice names, `nil` for any text that `notice` cannot have produced.
    static func job(_ notice: some StringProtocol, in queue: QueueName) -> JobID? {
        guard let dot = notice.firstIndex(of: "."), let priority = PriorityClass(name: notice[..<dot]),
            let entry = EntryID(notice[notice.index(after: dot)...])
        else { return nil }
        return JobID(queue: queue, priority: priority, entry: entry)
    }

    /// `<class> <entry>`: what `again` and `due` hold.
    static func pointer(_ id: JobID) -> String {
        "\(id.priority.name) \(id.entry.milliseconds)-\(id.entry.sequence)"
    }

    /// The job that a pointer names.
    static func job(pointer: String, in queue: QueueName) -> JobID? {
        guard let space = pointer.firstIndex(of: " "), let priority = PriorityClass(name: pointer[..<space]),
            let entry = EntryID(pointer[pointer.index(after: space)...])
        else { return nil }
        return JobID(queue: queue, priority: priority, entry: entry)
    }

    // MARK: Of the cluster

    static func reply(_ gateway: String) -> String { "spate:reply:" + gateway }

    /// What job ids are signed with: 32 bytes. Whoever reads it can name every job.
    static let jobSecret = "spate:job-secret"

    /// The lease and report of one worker.
    static func worker(_ id: String) -> String { "spate:worker:" + id }

    /// The ids of every worker that has not been seen to leave.
    static let workers = "spate:workers"
    static let decisions = "spate:decisions"
    /// Channel; the message is the name of a queue that has work.
    static let wake = "spate:wake"

    private static func prefix(_ queue: QueueName) -> String { "spate:{\(queue.model).\(queue.version)}:" }
}
