import Batching
import Glibc
import Random
import Testing

@Suite struct BisectionTests {
    /// Runs a bisection against a backend that fails every part with a bad element.
    private func bisect(_ elements: [Int], bad: Set<Int>) -> (
        blamed: [Int], good: [Int], givenUp: [Int], runs: Int
    ) {
        var bisection = Bisection(failed: elements)
        var givenUp: [Int] = []
        var blamed: [Int] = []
        var good: [Int] = []
        var runs = 0
        while true {
            switch bisection.next() {
            case .run(let part):
                runs += 1
                if bad.isDisjoint(with: part) {
                    good += part
                    bisection.succeeded()
                } else {
                    bisection.failed()
                }
            case .blame(let element): blamed.append(element)
            case .giveUp(let part): givenUp += part
            case .done: return (blamed, good, givenUp, runs)
            }
        }
    }

    @Test("the bad one stands alone and its mates succeed, wherever it is", arguments: 0..<64)
    func oneBad(index: Int) {
        let result = bisect(Array(0..<64), bad: [index])
        #expect(result.blamed == [index])
        #expect(Set(result.good) == Set(0..<64).subtracting([index]))
        #expect(result.runs <= 12)
    }

    @Test("no good one suffers from a cluster of bad ones in front of it", arguments: [1, 3, 7, 12, 16, 31, 48])
    func cluster(count: Int) {
        let result = bisect(Array(0..<64), bad: Set(0..<count))
        #expect(result.blamed.sorted() == Array(0..<count))
        #expect(result.good.sorted() == Array(count..<64))
        #expect(result.givenUp.isEmpty)
    }

    @Test("nor from bad ones that alternate with good ones", arguments: [2, 3, 4, 8])
    func period(length: Int) {
        let bad = Set(stride(from: 0, to: 128, by: length))
        let result = bisect(Array(0..<128), bad: bad)
        #expect(Set(result.blamed) == bad && result.givenUp.isEmpty)
        #expect(result.good.count == 128 - bad.count)
    }

    @Test(
        "each is blamed or good, never both, and none given up, whichever are bad", arguments: 0..<400 as Range<UInt64>)
    func conservation(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...128, using: &generator)
        let share = Int.random(in: 1...10, using: &generator)
        let bad = Set((0..<count).filter { _ in Int.random(in: 0..<20, using: &generator) < share } + [0])
        let result = bisect(Array(0..<count), bad: bad)
        #expect(Set(result.blamed) == bad && result.blamed.count == bad.count, "seed \(seed)")
        #expect(result.givenUp.isEmpty, "seed \(seed)")
        #expect((result.blamed + result.good).sorted() == Array(0..<count), "seed \(seed)")
        let bound = 2 * Double(bad.count) * (log2(Double(count) / Double(bad.count)) + 2)
        #expect(Double(result.runs) <= bound, "seed \(seed): \(bad.count) bad of \(count)")
    }

    @Test("up to as many bad ones as patience allows harm no good one, wherever they are")
    func patience() {
        for seed in 0..<2_000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let count = Int.random(in: 2...300, using: &generator)
            let bad = Set((0..<count).shuffled(using: &generator).prefix(Bisection<Int>.patience - 1))
            let result = bisect(Array(0..<count), bad: bad)
            #expect(result.givenUp.isEmpty && Set(result.blamed) == bad, "seed \(seed)")
        }
    }

    @Test("a backend that fails everything is given up after few runs", arguments: [64, 256, 1_024])
    func brokenBackend(count: Int) {
        let result = bisect(Array(0..<count), bad: Set(0..<count))
        #expect(result.blamed.count == Bisection<Int>.patience)
        #expect((result.blamed + result.givenUp).sorted() == Array(0..<count))
        #expect(result.runs <= 40)
    }

    @Test("a single failed element is blamed without another run")
    func single() {
        let result = bisect([7], bad: [7])
        #expect(result.blamed == [7] && result.runs == 0 && result.givenUp.isEmpty)
    }
}
