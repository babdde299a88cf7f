package import Jobs

/// How full the queues of a gateway's models are, as far as it knows, and whether one more job may enter.
package struct QueueRooms: Sendable {
    private var gauges: [QueueName: QueueGauge]

    package init(_ queues: some Sequence<QueueName>) {
        gauges = Dictionary(queues.map { ($0, QueueGauge()) }, uniquingKeysWith: { first, _ in first })
    }

    /// Counts a submit as begun where there is room; `ended` must follow then.
    /// - Returns: whether there is. `false` is worth a fresh count: see `QueueGauge.estimate`.
    package mutating func enter(_ queue: QueueName, limit: Int) -> Bool {
        guard let place = gauges.index(forKey: queue), gauges.values[place].estimate < limit else { return false }
        gauges.values[place].submitStarted()
        return true
    }

    /// Counts a submit as begun that the queue itself decides on; `ended` must follow.
    package mutating func begin(_ queue: QueueName) { gauges[queue]?.submitStarted() }

    /// - Parameter depth: entries in the lane at the answer; `nil` where no job was accepted.
    package mutating func ended(_ queue: QueueName, _ priority: PriorityClass, depth: Int?) {
        gauges[queue]?.submitEnded(priority, depth: depth)
    }

    package mutating func settled(_ job: JobID) { gauges[job.queue]?.settled(job.priority) }

    package mutating func refresh(_ queue: QueueName, _ depth: QueueDepth) { gauges[queue]?.refresh(depth) }

    /// Time until about a tenth of a full queue is worked off, 1 to 60 s.
    /// - Parameter wait: for the outcome of the newest job; `nil`: not known, and taken as 20 s.
    package static func retryAfter(expectedWait wait: Duration?) -> Duration {
        min(max((wait ?? .seconds(20)) / 10, .seconds(1)), .seconds(60))
    }
}
