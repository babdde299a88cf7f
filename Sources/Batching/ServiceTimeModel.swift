import Time

/// The cost of a batch as a straight line, in seconds: `fixed + perRow · rows`.
package struct LinearCost: Sendable, Equatable {
    package var fixed: Double
    package var perRow: Double

    package init(fixed: Double, perRow: Double) {
        self.fixed = fixed
        self.perRow = perRow
    }

    package func seconds(rows: Int) -> Double { fixed + perRow * Double(rows) }
}

/// What a batch of n rows costs, learned while batches run, for one model, device and group of shapes.
///
/// Costs are kept in buckets of sizes 1, 2, 3…4, 5…8, …: each bucket forgets on its own, so a long time with
/// small batches does not wash out what is known of large ones (a least-squares fit with one forgetting
/// factor would). Between known sizes the cost is interpolated; outside of them it follows the line
/// `a + c·rows` fitted through the buckets, each weighted by its observations and by 1/cost², which makes
/// relative errors count alike.
///
/// | model (two cores, measured) | cost of 1 | per row at 64 | preferred |
/// |---|---|---|---|
/// | content types by a convolution: compute-bound | 4.5 ms | 5.4 ms | 1 |
/// | wide perceptron: memory-bound | 1.4 ms | 0.13 ms | 64 and more |
///
/// Source: the linear form and learning it online as in BentoML `dispatcher.py`; the estimate of a high
/// quantile from a pooled variance as in clipper `containers.cpp`; batch sizes by powers of two as in
/// Clipper, Crankshaw et al., NSDI 2017, section 4.3 (there by additive increase).
package struct ServiceTimeModel: Sendable {
    /// Batches of a size after which its cost counts as known.
    package static let trials = 3
    /// Runs of work of a size after which its fastest is believed to be a bound. Warm-up runs are none: they are
    /// few, and they run while the machine is busy with starting.
    package static let provingRuns = 5
    /// A size is as good as the best if its throughput is at most this share below it.
    package static let tolerance = 0.03

    static let largestBucket = 20
    /// Until measured, one standard deviation of a cost is assumed to be a quarter of it, with this weight.
    private static let assumedVariance = 0.0625
    private static let assumedWeight = 4.0
    /// The 99th percentile of a normal distribution, in standard deviations.
    private static let quantile = 2.326

    private var buckets = [CostBucket](repeating: CostBucket(), count: largestBucket + 1)
    /// Batches observed, seeds included.
    package private(set) var observations = 0

    package init() {}

    /// Takes in that a batch of `rows` took `duration`. Ignores what cannot be (no rows, no time). O(1).
    package mutating func observe(rows: Int, took duration: Duration) {
        let seconds = duration.seconds
        guard rows > 0, seconds > 0 else { return }
        observations += 1
        buckets[Self.bucket(of: rows)].observe(rows: rows, seconds: seconds, sequence: observations)
    }

    /// Takes in a cost measured by warm-up runs as if it had been seen often enough to be known. It is no bound:
    /// `leastTime` does not count it.
    package mutating func seed(rows: Int, took duration: Duration) {
        let seconds = duration.seconds
        guard rows > 0, seconds > 0 else { return }
        for _ in 0..<Self.trials {
            observations += 1
            buckets[Self.bucket(of: rows)].blend(rows: rows, seconds: seconds, sequence: observations)
        }
    }

    /// The same costs without a least time, as a start for another group of shapes: its rows may be cheaper.
    func withoutLeastTimes() -> ServiceTimeModel {
        var model = self
        for index in model.buckets.indices { model.buckets[index].forgetFastest() }
        return model
    }

    // MARK: Estimates

    /// The fitted line; `nil` until a batch was observed. With one known size it goes through the origin,
    /// which promises nothing of larger batches. O(buckets).
    package var line: LinearCost? {
        var weight = 0.0
        var rows = 0.0
        var cost = 0.0
        var rowsSquared = 0.0
        var product = 0.0
        for bucket in buckets where bucket.count > 0 && bucket.seconds > 0 {
            let share = bucket.weight / (bucket.seconds * bucket.seconds)
            weight += share
            rows += share * bucket.rows
            cost += share * bucket.seconds
            rowsSquared += share * bucket.rows * bucket.rows
            product += share * bucket.rows * bucket.seconds
        }
        guard weight > 0, rowsSquared > 0 else { return nil }
        let spread = weight * rowsSquared - rows * rows
        guard spread > 1e-9 * weight * rowsSquared else { return LinearCost(fixed: 0, perRow: product / rowsSquared) }
        let slope = (weight * product - rows * cost) / spread
        if slope <= 0 { return LinearCost(fixed: cost / weight, perRow: 0) }
        let fixed = (cost - slope * rows) / weight
        return fixed >= 0
            ? LinearCost(fixed: fixed, perRow: slope) : LinearCost(fixed: 0, perRow: product / rowsSquared)
    }

    /// The mean seconds of a batch of `rows`; `nil` until a batch was observed. O(buckets).
    package func expectedSeconds(rows: Int) -> Double? {
        let size = Double(rows)
        var below: CostBucket?
        for bucket in buckets where bucket.count > 0 {
            guard bucket.rows < size else {
                guard let below, bucket.rows > below.rows else {
                    return extrapolated(from: bucket, to: size)
                }
                let share = (size - below.rows) / (bucket.rows - below.rows)
                return below.seconds + share * (bucket.seconds - below.seconds)
            }
            below = bucket
        }
        return below.flatMap { extrapolated(from: $0, to: size) }
    }

    /// The time that a batch of `rows` stays below in 99 of 100 cases; `nil` until a batch was observed.
    package func p99(rows: Int) -> Duration? {
        expectedSeconds(rows: rows).map { .seconds($0 * (1 + Self.quantile * relativeDeviation)) }
    }

    /// One standard deviation of a cost relative to its mean, pooled over all sizes.
    package var relativeDeviation: Double {
        var variance = Self.assumedVariance * Self.assumedWeight
        var weight = Self.assumedWeight
        for bucket in buckets where bucket.count > 1 {
            variance += bucket.variance * bucket.weight
            weight += bucket.weight
        }
        return (variance / weight).squareRoot()
    }

    /// A time below which `rows` rows have never been done: the least that a batch of about that size (up to
    /// the next lower power of two) or a larger one has ever taken. Zero until a size up to that has run
    /// `provingRuns` times. What is due earlier than this cannot be met, unless every run so far was held up from
    /// outside: so that this is found out, the assembler runs one such item a second. O(buckets).
    package func leastTime(rows: Int) -> Duration {
        guard let index = provenBucket(rows: rows), let least = buckets[index...].lazy.map(\.fastest).min() else {
            return .zero
        }
        return .seconds(least)
    }

    /// The smallest bucket that has a say in `leastTime(rows:)`; `nil` while nothing has.
    func provenBucket(rows: Int) -> Int? {
        var index = Self.bucket(of: rows)
        if rows < 1 << index { index -= 1 }
        while index >= 0, buckets[index].runs < Self.provingRuns { index -= 1 }
        return index >= 0 ? index : nil
    }

    // MARK: Sizes that pay

    /// Returns the batch size to aim at: the smallest whose throughput is within 3 % of the best that is
    /// known, because a smaller batch answers earlier; or a neighbour of it (half, double) that has not been
    /// tried three times yet. So from any start it takes about three batches a doubling to find the best.
    ///
    /// - Returns: `maximum` while nothing is known; always within 1…maximum.
    /// - Example: 15 µs + 5 µs per row, maximum 64. Rows per second at 1: 50,000; 8: 145,000;
    ///   32: 183,000; 64: 191,000. 32 is 4 % below 64: the answer is 64.
    package func preferredRows(maximum: Int) -> Int {
        let sizes = Self.sizes(upTo: maximum)
        let known = sizes.indices.filter { isKnown(rows: sizes[$0]) }
        let rates = known.map { rate(rows: sizes[$0]) }
        guard let best = rates.max(),
            let choice = zip(known, rates).first(where: { $0.1 >= (1 - Self.tolerance) * best })?.0
        else { return sizes.last ?? 1 }
        if choice > 0, !isKnown(rows: sizes[choice - 1]) { return sizes[choice - 1] }
        if choice + 1 < sizes.count, !isKnown(rows: sizes[choice + 1]) { return sizes[choice + 1] }
        return sizes[choice]
    }

    /// Returns the largest size up to `limit` that is known to be within 3 % of the best throughput, and at
    /// least `preferred`: the size of the parts into which a large request is cut.
    package func largestEfficientRows(atMost limit: Int, preferred: Int) -> Int {
        let sizes = Self.sizes(upTo: max(limit, preferred)).filter { isKnown(rows: $0) }
        guard let best = sizes.map(rate(rows:)).max() else { return max(limit, preferred) }
        let efficient = sizes.last { $0 <= limit && rate(rows: $0) >= (1 - Self.tolerance) * best }
        return max(efficient ?? preferred, preferred)
    }

    /// Returns the neighbour of `rows` (half or double, within 1…maximum) that was measured longest ago, for
    /// a trial that keeps the comparison fresh; `nil` if there is no other size.
    package func stalestNeighbour(of rows: Int, maximum: Int) -> Int? {
        [rows / 2, rows * 2]
            .filter { (1...maximum).contains($0) && $0 != rows }
            .min { buckets[Self.bucket(of: $0)].lastSeen < buckets[Self.bucket(of: $1)].lastSeen }
    }

    /// Whether batches of about `rows` rows have been seen often enough to judge them.
    package func isKnown(rows: Int) -> Bool { buckets[Self.bucket(of: rows)].count >= Self.trials }

    // MARK: Private

    private func rate(rows: Int) -> Double {
        guard let seconds = expectedSeconds(rows: rows), seconds > 0 else { return 0 }
        return Double(rows) / seconds
    }

    private func extrapolated(from bucket: CostBucket, to size: Double) -> Double {
        // A single known size says nothing of the slope: take the cost per row, and never less than a batch
        // that was seen to be smaller.
        guard let line else { return bucket.perRow * size }
        return max(bucket.seconds + line.perRow * (size - bucket.rows), line.fixed, bucket.perRow * min(size, 1))
    }

    /// 1, 2, 4, … below `maximum`, and `maximum` itself.
    private static func sizes(upTo maximum: Int) -> [Int] {
        var sizes: [Int] = []
        var size = 1
        while size < maximum {
            sizes.append(size)
            size *= 2
        }
        sizes.append(max(1, maximum))
        return sizes
    }

    /// The index of the smallest power of two that is not below `rows`.
    static func bucket(of rows: Int) -> Int {
        guard rows > 1 else { return 0 }
        return min(Int.bitWidth - (rows - 1).leadingZeroBitCount, largestBucket)
    }
}
