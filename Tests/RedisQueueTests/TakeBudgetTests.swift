import Testing

@testable import RedisQueue

@Suite struct TakeBudgetTests {
    @Test(
        "asks for as many jobs as fit into the budget, and for at least one",
        arguments: [(0, 64), (8_192, 64), (1 << 20, 16), (64 << 20, 1), (200 << 20, 1)])
    func fits(largest: Int, count: Int) {
        var budget = TakeBudget()
        budget.note(largest: largest)
        #expect(budget.count(upTo: 64, streams: 4) == count)
    }

    @Test("forgets a large job by and by")
    func forgets() {
        var budget = TakeBudget()
        budget.note(largest: 16 << 20)
        #expect(budget.count(upTo: 64, streams: 4) == 1)
        for _ in 0..<40 { budget.note(largest: 1_000) }
        #expect(budget.count(upTo: 64, streams: 4) == 64)
    }

    @Test("a refused reply cuts the count to an eighth, down to reading stream by stream; success doubles it")
    func backsOff() {
        var budget = TakeBudget()
        budget.refused(count: 64)
        #expect(budget.count(upTo: 64, streams: 4) == 8)
        #expect(!budget.readsOneByOne)
        budget.refused(count: 8)
        #expect(budget.count(upTo: 64, streams: 4) == 1)
        #expect(budget.readsOneByOne)
        budget.note(largest: 100)
        #expect(budget.count(upTo: 64, streams: 4) == 2)
        #expect(!budget.readsOneByOne)
    }

    @Test("a take that brings nothing says nothing about sizes")
    func emptyTake() {
        var budget = TakeBudget()
        budget.refused(count: 8)
        budget.note(largest: 0)
        #expect(budget.readsOneByOne)
    }
}
