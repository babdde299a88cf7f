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

    /// The likeliest rate now: the fast average where it rests on many jobs, the slow one where it rests on few.
    ///
    /// - Example: 2 jobs a second, 3 s: 6 jobs in the fast average, 6 / (6 + 30) of it and the rest of the slow one; at
    ///   200 a second 95 hundredths of it.
    func estimate(fastConstant: Double) -> Double {
        let jobs = slow * fastConstant
        let weight = jobs / (jobs + 30)
        return fast * weight + slow * (1 - weight)
    }

    /// Counts what was submitted since the last call.
    /// - Returns: that number; 0 at the first call and when the counter went back (a queue that was made anew).
    mutating func count(submitted: Int, at now: Timestamp, fastConstant: Double, slowConstant: Double) -> Int {
        defer {
            counted = submitted
            updated = now
        }
        guard let counted, let updated else { return 0 }
        let elapsed = Double(now.microseconds - updated.microseconds) / 1e6
        guard elapsed > 0 else { return 0 }
        let arrived = max(submitted - counted, 0)
        if arrived == 0, fast == 0, slow == 0 { return 0 }
        let rate = Double(arrived) / elapsed
        fast += (rate - fast) * elapsed / (fastConstant + elapsed)
        slow += (rate - slow) * elapsed / (slowConstant + elapsed)
        return arrived
    }
}
