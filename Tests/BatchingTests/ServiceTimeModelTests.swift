import Batching
import Random
import Testing
import Time

@Suite struct ServiceTimeModelTests {
    /// A cost curve of a real model, in seconds for `rows` rows.
    struct Curve: Sendable, CustomTestStringConvertible {
        var name: String
        var seconds: @Sendable (Int) -> Double
        var preferred: ClosedRange<Int>
        var testDescription: String { name }
    }

    static let curves = [
        Curve(
            name: "Magika on a CPU: 4.5 ms at 1, 20 % dearer per row at 64",
            seconds: { 0.0045 * Double($0) * (1 + 0.2 * Double($0 - 1) / 63) }, preferred: 1...2),
        Curve(
            name: "wide perceptron: 1.4 ms at 1, 12 times the throughput at 128",
            seconds: { 0.001_305 + 0.000_109 * Double($0) }, preferred: 128...128),
        Curve(
            name: "digits: 15 µs and 5 µs per row", seconds: { 0.000_015 + 0.000_005 * Double($0) }, preferred: 64...128
        ),
        Curve(
            name: "worse again beyond 16 rows",
            seconds: { 0.002 + 0.001 * Double(min($0, 16)) + 0.004 * Double(max(0, $0 - 16)) },
            preferred: 16...16),
    ]

    @Test("finds the smallest size that pays within 40 batches from nothing, and stays there", arguments: curves)
    func converges(curve: Curve) {
        var generator = SeededGenerator(seed: 1)
        var model = ServiceTimeModel()
        var chosen: [Int] = []
        for _ in 0..<200 {
            let rows = model.preferredRows(maximum: 128)
            chosen.append(rows)
            let noise = Double.random(in: 0.995...1.005, using: &generator)
            model.observe(rows: rows, took: .seconds(curve.seconds(rows) * noise))
        }
        #expect(chosen.dropFirst(40).allSatisfy(curve.preferred.contains), "\(chosen.dropFirst(40))")
    }

    @Test("learns a line from noisy costs", arguments: [UInt64(3), 4, 5])
    func line(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var model = ServiceTimeModel()
        for _ in 0..<300 {
            let rows = Int.random(in: 1...64, using: &generator)
            let cost = (0.002 + 0.000_5 * Double(rows)) * Double.random(in: 0.9...1.1, using: &generator)
            model.observe(rows: rows, took: .seconds(cost))
        }
        let line = try #require(model.line)
        #expect(abs(line.fixed - 0.002) < 0.000_4, "\(line)")
        #expect(abs(line.perRow - 0.000_5) < 0.000_05, "\(line)")
        let deviation = model.relativeDeviation
        #expect(deviation > 0.03 && deviation < 0.12, "a uniform ±10 % deviates by 5.8 %: \(deviation)")
        #expect(abs(try #require(model.expectedSeconds(rows: 128)) - 0.066) < 0.008)
    }

    @Test("knows nothing before the first batch and takes the maximum")
    func unknown() {
        let model = ServiceTimeModel()
        #expect(model.line == nil && model.p99(rows: 3) == nil)
        #expect(model.preferredRows(maximum: 48) == 48)
        #expect(model.leastTime(rows: 5) == .zero)
    }

    @Test("one held-up batch changes the estimate little; a lasting slow-down is believed")
    func outliers() throws {
        var model = ServiceTimeModel()
        for _ in 0..<50 { model.observe(rows: 4, took: .milliseconds(1)) }
        model.observe(rows: 4, took: .milliseconds(100))
        #expect(try #require(model.expectedSeconds(rows: 4)) < 0.001_1)
        for _ in 0..<40 { model.observe(rows: 4, took: .milliseconds(10)) }
        let cost = try #require(model.expectedSeconds(rows: 4))
        #expect(cost > 0.008 && cost < 0.011, "\(cost)")
    }

    @Test("the least time is never above what a batch of that size has taken")
    func leastTime() {
        var generator = SeededGenerator(seed: 9)
        var model = ServiceTimeModel()
        var observed: [(Int, Duration)] = []
        for _ in 0..<200 {
            let rows = Int.random(in: 1...100, using: &generator)
            let took = Duration.microseconds(Int.random(in: 100...200, using: &generator) + 10 * rows)
            model.observe(rows: rows, took: took)
            observed.append((rows, took))
        }
        #expect(observed.allSatisfy { model.leastTime(rows: $0.0) <= $0.1 })
    }

    @Test("a change of the curve is found by trials of neighbouring sizes")
    func followsChange() {
        var assembler = makeAssembler(fixed: .microseconds(10), perRow: .milliseconds(1), maximumRows: 64)
        var now = Timestamp.zero
        var next = 256
        var sizes: [Int] = []
        var running = assembler.add((0..<256).map { makeItem($0) }, now: now).batches
        // The new curve: nearly all of the cost is fixed. Work is always waiting.
        while sizes.count < 800, let batch = running.popLast() {
            sizes.append(batch.rows)
            _ = assembler.add((0..<batch.rows).map { makeItem(next + $0, at: now) }, now: now)
            next += batch.rows
            let took = Duration.microseconds(5_000 + 10 * batch.rows)
            now = now + took
            running += assembler.finished("a", rows: batch.rows, took: took, now: now).batches
        }
        #expect(sizes.count == 800)
        #expect(sizes.suffix(20).contains(64), "\(sizes.suffix(20))")
    }
}
