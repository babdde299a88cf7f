import Time

/// The arrival rate of one model in jobs per second: two exponentially weighted averages of its submit counter.
///
/// Each step weighs the new rate by `dt / (τ + dt)`: the implicit form, which stays between old and new however long
/// the step, and needs no transcendental function, so that it is the same on every machine.
struct ArrivalRate: Sendable, Equatable, Codable {
    private(set) var fast = 0.0
    private(set) var slow = 0.0
    private var counted: Int?
    private var updated: Timestamp?

    /// The higher of the two averages.
    var jobsPerSecond: Double { max(fast, slow) }

    /// Counts what was submitted since the last call.
    /// - Returns: that number; 0 at the first call and when the counter went back (a queue that was made anew).
    mutating func count(submitted: Int, at now: Timestamp, fastConstant: Double, slowConstant: Double) -> Int {
        defer {
            counted = submitted
            updated = now
        }
        guard let counted, let updated else { return 0 }
        let elapsed = (now - updated).seconds
        guard elapsed > 0 else { return 0 }
        let arrived = max(submitted - counted, 0)
        let rate = Double(arrived) / elapsed
        fast += (rate - fast) * elapsed / (fastConstant + elapsed)
        slow += (rate - slow) * elapsed / (slowConstant + elapsed)
        return arrived
    }
}
