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

    @Test("an answer that became smaller gives back the difference, all of it where it is small")
    func shrinks() {
        let budget = makeBudget(3 * megabyte)
        let share = budget.makeShare()
        share.opened {}
        #expect(share.admit(2 * megabyte))
        share.prepared(from: 2 * megabyte, to: megabyte)
        #expect(budget.held == megabyte)
        #expect(share.admit(megabyte))
        share.prepared(from: megabyte, to: 1_000)
        #expect(budget.held == megabyte)
        share.prepared(from: 1_000, to: 10)
        share.sent(megabyte)
        #expect(budget.held == 0)
    }

    @Test("who waits for his answer to be compressed is not one who does not read")
    func preparing() {
        let budget = makeBudget(2 * megabyte)
        let ended = Mutex<[String]>([])
        let (slow, other) = (budget.makeShare(), budget.makeShare())
        slow.opened { ended.withLock { $0.append("slow") } }
        other.opened {}
        #expect(slow.admit(2 * megabyte))
        clock.advance(.seconds(10))
        #expect(!other.admitReady(megabyte))
        slow.prepared(from: 2 * megabyte, to: 2 * megabyte)
        #expect(!other.admitReady(megabyte))
        clock.advance(.seconds(1))
        #expect(other.admitReady(megabyte))
        #expect(ended.withLock { $0 } == ["slow"])
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
            #expect(share.admitReady(megabyte))
            clock.advance(.seconds(1))
        }
        shares[0].progressed()
        #expect(shares[3].admitReady(megabyte))
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
        #expect(first.admitReady(2 * megabyte))
        #expect(!second.admitReady(megabyte))
        #expect(second.admitReady(AnswerBudget.smallest - 1), "small ones are not counted")
        #expect(budget.held == 2 * megabyte)
    }

    @Test("one answer above the limit goes out when nothing else is held")
    func large() {
        let budget = makeBudget(megabyte)
        let share = budget.makeShare()
        share.opened {}
        #expect(share.admitReady(5 * megabyte))
    }
}

extension AnswerBudget.Share {
    /// Of an answer that needs no preparing.
    fileprivate func admitReady(_ count: Int) -> Bool {
        guard admit(count) else { return false }
        prepared(from: count, to: count)
        return true
    }
}
