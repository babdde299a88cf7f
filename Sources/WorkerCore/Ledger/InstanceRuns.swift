import Time

/// What each instance of a model runs, and for how long it may: a run that has hung cannot be ended, only left behind.
///
/// | a run | when |
/// |---|---|
/// | is a long one | beyond four times the 99th percentile that was learned for its batch, and 2 s |
/// | has hung | beyond its bound (`RunBound`) |
package struct InstanceRuns: Sendable {
    /// A batch that an instance computes.
    struct Run: Sendable {
        /// Monotonic.
        var began: Timestamp
        var bound: Duration
        var tickets: [Int]
        /// Beyond this it takes far longer than was to be expected: what waits behind it is better off elsewhere.
        var patience: Duration

        func isLong(steady: Timestamp) -> Bool { steady - began > patience }
    }

    /// A run beyond its bound.
    package struct Hung: Sendable, Equatable {
        package var instance: Int
        package var elapsed: Duration
        package var bound: Duration
    }

    private let bound: RunBound
    private var runs: [Int: Run] = [:]
    private var idle: [Int]

    init(instances: Int, bound: RunBound) {
        self.bound = bound
        idle = Array((0..<instances).reversed())
    }

    /// Whether nothing runs.
    package var isEmpty: Bool { runs.isEmpty }

    /// Takes an idle instance for a batch; `nil` where none is.
    ///
    /// - Parameter expected: the 99th percentile that was learned for the batch.
    mutating func begin(_ tickets: [Int], expected: Duration?, steady: Timestamp) -> Int? {
        guard let instance = idle.popLast() else { return nil }
        runs[instance] = Run(
            began: steady, bound: bound.bound(expected: expected), tickets: tickets,
            patience: max(.seconds(2), (expected ?? .zero) * 4))
        return instance
    }

    /// One more run of the same batch (a part of it, after a failure): its time counts anew.
    mutating func rerun(on instance: Int, steady: Timestamp) { runs[instance]?.began = steady }

    mutating func end(on instance: Int) {
        runs[instance] = nil
        idle.append(instance)
    }

    /// The run that is furthest beyond its bound, if any.
    func hung(steady: Timestamp) -> Hung? {
        runs.map { Hung(instance: $0.key, elapsed: steady - $0.value.began, bound: $0.value.bound) }
            .filter { $0.elapsed > $0.bound }
            .max { $0.elapsed < $1.elapsed }
    }

    /// Whether a run takes far longer than was to be expected.
    func hasLong(steady: Timestamp) -> Bool { runs.values.contains { $0.isLong(steady: steady) } }

    /// Whether no instance is idle and each is in a run that takes far longer than was to be expected.
    func isHeldUp(steady: Timestamp) -> Bool {
        idle.isEmpty && !runs.isEmpty && runs.values.allSatisfy { $0.isLong(steady: steady) }
    }

    /// The only job of the batch that `instance` runs; `nil` where there are several.
    func onlyTicket(on instance: Int) -> Int? {
        guard let tickets = runs[instance]?.tickets, tickets.count == 1 else { return nil }
        return tickets.first
    }
}
