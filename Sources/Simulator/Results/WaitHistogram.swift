/// Counts durations in microseconds in buckets of relative width 1 / 2^precision; O(1) per record, whatever the count.
struct WaitHistogram: Sendable {
    private let precision: Int
    private var counts: [Int]
    private(set) var total = 0
    private var sum = 0.0
    private(set) var largest: Int64 = 0

    /// - Parameter precision: 9 (0.2 %) for a whole run, fewer for one interval of it.
    init(precision: Int = 9) {
        self.precision = precision
        counts = [Int](repeating: 0, count: (44 - precision) << precision)
    }

    mutating func record(_ microseconds: Int64, count: Int) {
        let value = min(max(microseconds, 0), 1 << 41)
        counts[index(of: value)] += count
        total += count
        sum += Double(value) * Double(count)
        if value > largest { largest = value }
    }

    mutating func reset() {
        guard total > 0 else { return }
        for index in counts.indices { counts[index] = 0 }
        total = 0
        sum = 0
        largest = 0
    }

    /// Seconds that the share (0 to 1) of the records do not exceed; `nil` when there are none.
    func seconds(atShare share: Double) -> Double? {
        guard total > 0 else { return nil }
        let rank = max(Int((share * Double(total)).rounded(.up)), 1)
        var seen = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen >= rank { return Double(min(upperBound(of: index), largest)) / 1e6 }
        }
        return Double(largest) / 1e6
    }

    var meanSeconds: Double? { total > 0 ? sum / Double(total) / 1e6 : nil }

    private func index(of value: Int64) -> Int {
        let size = Int64(1) << precision
        guard value >= size else { return Int(value) }
        let shift = 63 - value.leadingZeroBitCount - precision
        return (shift + 1) << precision + Int(value >> shift) - Int(size)
    }

    private func upperBound(of index: Int) -> Int64 {
        let size = 1 << precision
        guard index >= size else { return Int64(index) }
        let shift = index >> precision - 1
        return Int64(index & (size - 1) + size + 1) << shift - 1
    }
}

/// Waits or latencies of a run, in seconds.
package struct Percentiles: Sendable, Equatable, Codable {
    package var mean: Double
    package var p50: Double
    package var p95: Double
    package var p99: Double
    package var largest: Double

    init?(_ histogram: WaitHistogram) {
        guard let mean = histogram.meanSeconds, let p50 = histogram.seconds(atShare: 0.5),
            let p95 = histogram.seconds(atShare: 0.95), let p99 = histogram.seconds(atShare: 0.99)
        else { return nil }
        self.mean = mean
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
        largest = Double(histogram.largest) / 1e6
    }
}
