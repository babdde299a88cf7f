import Synchronization
import Testing

@testable import Gateway

@Suite struct AnswerBudgetTests {
    /// A clock that the test turns.
    private final class Clock: Sendable {
        let now = Mutex(ContinuousClock.now)
        func advance(_ time: Duration) { now.withLock { $0 += time } }
    }

    private let clock = Clock()
    private let megabyte = 1 << 20

    private func makeBudget(_ limit: Int) -> AnswerBudget {
        AnswerBudget(limit: limit, now: { [clock] in clock.now.withLock { $0 } })
    }

    @Test("answers add up to the limit; beyond it the connection that has read nothing for the longest is ended")
    func evicts() {
        let budget = makeBudget(3 * megabyte)
        let ended = Mutex<[String]>([])
        let shares = ["a", "b", "c", "d"].map { name in
            let share = budget.makeShare()
            share.opened { ended.withLock { $0.append(name) } }
            return share
        }
        for share in shares[..<3] {
            #expect(share.admit(megabyte))
            clock.advance(.seconds(1))
        }
        shares[0].progressed()
        #expect(shares[3].admit(megabyte))
        #expect(ended.withLock { $0 } == ["b"])
        #expect(budget.held == 3 * megabyte)
        shares[1].closed()
        #expect(budget.held == 3 * megabyte)
        shares[0].sent(megabyte)
        shares[2].closed()
        shares[3].sent(megabyte)
        #expect(budget.held == 0)
    }

    @Test("when all are reading, an answer is refused and nobody is ended")
    func refuses() {
        let budget = makeBudget(2 * megabyte)
        let (first, second) = (budget.makeShare(), budget.makeShare())
        first.opened { Issue.record("a reader was ended") }
        second.opened {}
        #expect(first.admit(2 * megabyte))
        #expect(!second.admit(megabyte))
        #expect(second.admit(AnswerBudget.smallest - 1), "small ones are not counted")
        #expect(budget.held == 2 * megabyte)
    }

    @Test("one answer above the limit goes out when nothing else is held")
    func large() {
        let budget = makeBudget(megabyte)
        let share = budget.makeShare()
        share.opened {}
        #expect(share.admit(5 * megabyte))
    }
}
