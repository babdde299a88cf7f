import Jobs

/// Every key, channel and group name that one cluster uses in Redis.
///
/// All begin with the cluster's prefix: `spate:`, or `spate.<name>:` where the cluster has a name of its own. All keys of
/// one queue carry the Cluster hash tag `{model.version}`; `QueueName` admits no braces.
struct Keys: Sendable {
    private let root: String
    private let channels: String

    /// - Parameter database: Redis keeps the keys of its databases apart, and not their channels.
    init(_ cluster: ClusterName = .standard, database: Int = 0) {
        root = cluster.keyPrefix + ":"
        channels = database == 0 ? root : "\(cluster.keyPrefix)@\(database):"
    }

    /// The consumer group of every stream.
    static let group = "workers"
    /// The consumer at which given-back jobs are pending. No worker's id begins with a colon.
    static let returned = ":returned"

    // MARK: Of one queue

    func lane(_ queue: QueueName, _ priority: PriorityClass) -> String { lanePrefix(queue) + priority.name }

    func lanePrefix(_ queue: QueueName) -> String { prefix(queue) + "lane:" }

    /// Pointers to given-back jobs that can be taken: a stream, one field `p`, `"<class> <entry>"`.
    func again(_ queue: QueueName) -> String { prefix(queue) + "again" }

    /// The same pointers, scored by the millisecond at which the job can be taken.
    func due(_ queue: QueueName) -> String { prefix(queue) + "due" }

    /// Pointers to jobs that have a deadline, scored by its millisecond.
    func deadlines(_ queue: QueueName) -> String { prefix(queue) + "deadlines" }

    func result(_ id: JobID) -> String { "\(resultPrefix(id.queue))\(Self.notice(id))" }

    func resultPrefix(_ queue: QueueName) -> String { prefix(queue) + "result:" }

    func once(_ queue: QueueName, _ key: String) -> String { prefix(queue) + "once:" + key }

    func dead(_ queue: QueueName) -> String { prefix(queue) + "dead" }

    /// The cancelled jobs that one worker held when they were cancelled.
    func cancelled(_ queue: QueueName, at worker: String) -> String { cancelledPrefix(queue) + worker }

    func cancelledPrefix(_ queue: QueueName) -> String { prefix(queue) + "cancel:" }

    // MARK: Channels of one queue; the messages are notices

    func settledChannel(_ queue: QueueName) -> String { prefix(queue, channels) + "settled" }

    func cancelledChannel(_ queue: QueueName) -> String { prefix(queue, channels) + "cancelled" }

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

    /// A key or channel that is of no single queue.
    func shared(_ name: String) -> String { root + name }

    func reply(_ gateway: String) -> String { shared("reply:") + gateway }

    /// What job ids are signed with: 32 bytes. Whoever reads it can name every job.
    var jobSecret: String { shared("job-secret") }

    /// The lease and report of one worker.
    func worker(_ id: String) -> String { shared("worker:") + id }

    /// The ids of every worker that has not been seen to leave.
    var workers: String { shared("workers") }
    /// Whose turn it is to reap while no scaler leads.
    var reaper: String { shared("reaper") }
    /// Never there: what a connection may do is asked of it.
    var probe: String { shared("probe") }
    var decisions: String { shared("decisions") }
    /// Channel; the message is the name of a queue that has work.
    var wake: String { channel("wake") }

    /// Of every key of the queue.
    func prefix(_ queue: QueueName) -> String { prefix(queue, root) }

    private func prefix(_ queue: QueueName, _ root: String) -> String { "\(root){\(queue.model).\(queue.version)}:" }

    /// A channel that is of no single queue.
    func channel(_ name: String) -> String { channels + name }
}
