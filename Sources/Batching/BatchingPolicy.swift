/// The bounds within which the assembler chooses.
package struct BatchingPolicy: Sendable, Equatable {
    /// Most rows in a batch, at least 1. Larger items run in parts.
    package var maximumRows: Int
    /// Longest time that an item may wait for company while an instance is free. Default zero: a free
    /// instance never waits; batches form by themselves while instances are busy.
    package var maximumDelay: Duration
    /// Batches that may run at once, at least 1.
    package var instances: Int
    /// How much more instance time may be spent by spreading rows over free instances instead of running
    /// them in one batch. Default 0.25: two instances halve the time of a job at up to a quarter more work.
    package var spreadOverhead: Double
    /// An item without a deadline is ordered as if it had this much time, so that a stream of items with
    /// deadlines never starves it. Default 1 s.
    package var impliedPatience: Duration
    /// How much compute time may lie ready ahead of a busy instance, so that it never waits for the queue's
    /// round trip. At least one batch and at most four lie ahead. Default 2 ms.
    package var ahead: Duration

    package init(
        maximumRows: Int = 64, maximumDelay: Duration = .zero, instances: Int = 1, spreadOverhead: Double = 0.25,
        impliedPatience: Duration = .seconds(1), ahead: Duration = .milliseconds(2)
    ) {
        self.maximumRows = max(1, maximumRows)
        self.maximumDelay = max(.zero, maximumDelay)
        self.instances = max(1, instances)
        self.spreadOverhead = max(0, spreadOverhead)
        self.impliedPatience = impliedPatience
        self.ahead = ahead
    }
}
