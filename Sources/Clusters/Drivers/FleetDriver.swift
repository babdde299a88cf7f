package import Settings

/// Sets how many workers a pool has; somebody else (Kubernetes) starts and ends them.
///
/// The count is the whole order: it can be repeated at will, and a scaler that takes over repeats it without harm.
package protocol FleetDriver: PoolDriver {
    /// Makes the pool have `count` workers, those that leave not counted.
    ///
    /// - Parameters:
    ///   - count: starting and ready workers together. Already so: nothing happens.
    ///   - idle: workers that may go when there are too many, the first first. The other side prefers them and decides;
    ///     who is chosen drains, whatever it holds. So the count falls by no more workers than are named here and known to
    ///     the driver, and by those that were ordered and never came.
    ///   - authority: how long the caller may still act; `nil`: not any more. Asked before each write, and nothing is sent
    ///     that could arrive later by much.
    /// - Returns: the count as it was and as it is; nothing was written where they are equal.
    /// - Throws: with what the other side said; the count is as it was. After 5 s at most.
    func scale(
        _ pool: PoolSettings, to count: Int, idle: [String], authority: @escaping @Sendable () -> Duration?
    ) async throws(WorkerDriverError) -> FleetChange
}

/// What became of a pool's count.
package struct FleetChange: Sendable, Equatable {
    package var before: Int
    package var now: Int

    package init(before: Int, now: Int) {
        self.before = before
        self.now = now
    }
}
