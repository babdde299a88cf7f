import Batching
import Testing

@Suite struct BisectionTests {
    /// Runs a bisection against a backend that fails every part with a bad element.
    private func bisect(_ elements: [Int], bad: Set<Int>) -> (blamed: [Int], good: [Int], runs: Int) {
        var bisection = Bisection(failed: elements)
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
            case .giveUp(let part): blamed += part
            case .done: return (blamed, good, runs)
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

    @Test("each element is blamed or good, never both, whichever are bad", arguments: 0..<100 as Range<UInt64>)
    func conservation(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...70, using: &generator)
        let bad = Set((0..<count).filter { _ in Int.random(in: 0..<8, using: &generator) == 0 } + [0])
        let result = bisect(Array(0..<count), bad: bad)
        #expect(bad.isSubset(of: result.blamed))
        #expect((result.blamed + result.good).sorted() == Array(0..<count), "seed \(seed)")
    }

    @Test("a backend that fails everything is given up after a number of runs that grows with the logarithm")
    func brokenBackend() {
        let result = bisect(Array(0..<64), bad: Set(0..<64))
        #expect(result.blamed.sorted() == Array(0..<64))
        #expect(result.runs <= 16)
    }

    @Test("a single failed element is blamed without another run")
    func single() {
        let result = bisect([7], bad: [7])
        #expect(result.blamed == [7] && result.runs == 0)
    }
}
