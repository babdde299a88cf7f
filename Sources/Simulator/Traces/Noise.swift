import func Glibc.exp
import func Glibc.log
import Random

/// Random draws from one seeded source.
struct Noise: Sendable {
    private var generator: SeededGenerator

    init(_ generator: some RandomNumberGenerator) {
        var generator = generator
        self.generator = SeededGenerator(seed: generator.next())
    }

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// In (0, 1].
    mutating func uniform() -> Double { (Double(generator.next() >> 11) + 1) * 0x1p-53 }

    /// Mean 0, deviation 1: the sum of twelve uniform draws less six.
    mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += uniform() }
        return sum
    }

    /// - Source: Knuth's product of uniforms below a mean of 30, the normal approximation above.
    mutating func poisson(_ mean: Double) -> Int {
        guard mean > 0 else { return 0 }
        if mean > 30 { return max(Int((mean + mean.squareRoot() * normal()).rounded()), 0) }
        let limit = exp(-mean)
        var product = uniform()
        var count = 0
        while product > limit {
            product *= uniform()
            count += 1
        }
        return count
    }

    /// How many of `count` fall into a share of the whole, 0 to `count`; all of them for a share of 1.
    ///
    /// The normal approximation where both outcomes are frequent, else Poisson's, cut to the range.
    mutating func binomial(_ count: Int, share: Double) -> Int {
        guard share < 1 else { return count }
        let mean = Double(count) * share
        guard mean > 30 else { return min(poisson(mean), count) }
        let drawn = (mean + (mean * (1 - share)).squareRoot() * normal()).rounded()
        return min(max(Int(drawn), 0), count)
    }
}
