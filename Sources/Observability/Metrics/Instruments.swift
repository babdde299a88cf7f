import Synchronization

/// A number that only grows. Safe from any thread; one atomic addition.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    package init() {}

    /// Negative amounts are ignored: a counter that falls reads as a restart.
    package func increment(by amount: Int = 1) {
        if amount > 0 { count.wrappingAdd(amount, ordering: .relaxed) }
    }

    package var value: Int { count.load(ordering: .relaxed) }
}

/// A number that goes up and down. Safe from any thread; one atomic operation.
package final class Gauge: Sendable {
    private let level = Atomic<Int>(0)

    package init() {}

    package func set(_ value: Int) { level.store(value, ordering: .relaxed) }
    package func add(_ amount: Int) { level.wrappingAdd(amount, ordering: .relaxed) }

    package var value: Int { level.load(ordering: .relaxed) }
}

/// How often a quantity fell into each of a fixed set of buckets, and its sum. Safe from any thread; a search over the
/// bounds and two atomic additions, no allocation.
///
/// The sum is kept in whole nanoseconds, bytes or rows, so that adding commutes and nothing drifts.
package final class Histogram: Sendable {
    private let buckets: Buckets
    /// One for each bound, and one above the last.
    private let counts: [Counter]
    private let total = Atomic<Int>(0)

    package init(_ buckets: Buckets) {
        self.buckets = buckets
        counts = (0...buckets.bounds.count).map { _ in Counter() }
    }

    /// Records a time; a negative one, which only a wrong clock makes, as zero.
    package func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        record(overflow ? .max : Int(whole) &+ Int(attoseconds / 1_000_000_000))
    }

    /// Records bytes or rows (or nanoseconds where the buckets are of time).
    package func record(_ quantity: Int) {
        let quantity = max(0, quantity)
        counts[buckets.index(of: quantity)].increment()
        total.wrappingAdd(quantity, ordering: .relaxed)
    }

    /// The counts bucket by bucket, not cumulative, and the sum. Values recorded meanwhile may be in one and not in the
    /// other; the number of values is the sum of the counts, so those two always agree.
    package var snapshot: (counts: [Int], sum: Int) { (counts.map(\.value), total.load(ordering: .relaxed)) }
}

/// The upper bounds of a histogram's buckets.
package struct Buckets: Sendable {
    package enum Unit: Sendable {
        /// Bounds in nanoseconds, written as seconds.
        case seconds
        /// Bytes, rows: written as they are.
        case whole
    }

    package let unit: Unit
    /// Ascending, without duplicates; a value equal to a bound belongs to its bucket.
    package let bounds: [Int]

    package init(_ unit: Unit, _ bounds: [Int]) {
        self.unit = unit
        self.bounds = Array(Set(bounds)).sorted()
    }

    /// 0.5 ms to 60 s, for what a caller waits for.
    package static let waits = Buckets(
        .seconds,
        [
            500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000, 200_000_000,
            500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000, 60_000_000_000,
        ])
    /// 0.1 s to 300 s, for starting a process and loading a model.
    package static let startUps = Buckets(
        .seconds,
        [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000].map { $0 * 1_000_000 })
    /// Powers of two from 1 to 4096.
    package static let rows = Buckets(.whole, (0...12).map { 1 << $0 })
    /// Powers of four from 256 bytes to 256 MiB.
    package static let bytes = Buckets(.whole, (4...14).map { 1 << (2 * $0) })

    /// The bucket of `quantity`: the first bound that is not below it, or one past the last. O(log n).
    func index(of quantity: Int) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < quantity { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
