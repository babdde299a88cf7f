import GatewayCore
import Jobs
import Testing
import Time

/// One call at a time; for all orders of events see `CallLedgerPropertyTests`.
@Suite final class CallLedgerTests {
    private var ledger = CallLedger(at: .zero)

    /// A call that waits for job 1 from time zero.
    private func waiting(_ terms: CallTerms = Samples.terms()) throws -> (CallToken, JobID) {
        let (token, job) = (ledger.begin(), try Samples.job())
        #expect(ledger.submitted(token, as: job, on: terms, now: .zero).isQuiet)
        return (token, job)
    }

    @Test("an outcome is its caller's, and a second one is nobody's")
    func settles() throws {
        let (token, job) = try waiting()
        let outcome = Samples.outcome(job, for: token)
        #expect(ledger.outcome(outcome) == [.answer(token, .settled(outcome))])
        #expect(ledger.outcome(outcome) == [.unclaimed(job)])
        #expect(ledger.waiting == 0 && ledger.left == 0)
    }

    @Test("an outcome that came before its job was known is its caller's")
    func keepsEarly() throws {
        let (token, job) = (ledger.begin(), try Samples.job())
        let outcome = Samples.outcome(job, for: token)
        #expect(ledger.outcome(outcome) == [])
        #expect(
            ledger.submitted(token, as: job, on: Samples.terms(), now: .zero) == [.answer(token, .settled(outcome))])
        #expect(ledger.waiting == 0)
    }

    @Test("a wait that is over is looked for among the stored outcomes before its caller is told")
    func looksBeforeTimeOut() throws {
        let (token, job) = try waiting()
        #expect(ledger.advance(to: Samples.time(19_999)).isQuiet)
        #expect(ledger.advance(to: Samples.time(20_025)).first == .look(token, job))
        let outcome = Samples.outcome(job, for: token)
        var other = ledger
        #expect(ledger.looked(token, found: outcome, now: Samples.time(20_030)) == [.answer(token, .stored(outcome))])
        #expect(other.looked(token, found: nil, now: Samples.time(20_030)).first == .answer(token, .timedOut))
        // What comes for one that left is kept for him.
        #expect(other.left == 1)
        #expect(other.outcome(outcome) == [.unclaimed(job), .keep(job, .seconds(600))])
        #expect(other.left == 0)
    }

    @Test("a wait that the deadline ends is late, and one that the gateway ends is not")
    func tellsLate() throws {
        let (token, job) = try waiting(Samples.terms(deadline: .seconds(1)))
        var stopped = ledger
        #expect(ledger.advance(to: Samples.time(1_125)).first == .look(token, job))
        #expect(ledger.looked(token, found: nil, now: Samples.time(1_130)).first == .answer(token, .late))
        #expect(stopped.stop(isQueueAway: true, now: Samples.time(10)).first == .answer(token, .timedOut))
    }

    @Test("an outcome that comes while it is looked for is the answer")
    func takesWhatComesMeanwhile() throws {
        let (token, job) = try waiting()
        _ = ledger.advance(to: Samples.time(21_000))
        let outcome = Samples.outcome(job, for: token)
        #expect(ledger.outcome(outcome) == [])
        #expect(ledger.looked(token, found: nil, now: Samples.time(21_001)) == [.answer(token, .settled(outcome))])
    }

    @Test("the job of a caller who went is cancelled, unless he can come back")
    func cancels() throws {
        let (token, job) = try waiting()
        #expect(ledger.disconnected(token) == [.cancel(token, job), .answer(token, .disconnected)])
        let (again, _) = try waiting(Samples.terms(isRepeatable: true))
        #expect(ledger.disconnected(again) == [.answer(again, .disconnected)])
        #expect(ledger.disconnected(again) == [])
    }

    @Test("one who went before his job was known is told of it then")
    func cancelsEarly() throws {
        let (token, job) = (ledger.begin(), try Samples.job())
        #expect(ledger.disconnected(token) == [])
        #expect(
            ledger.submitted(token, as: job, on: Samples.terms(), now: .zero) == [
                .cancel(token, job), .answer(token, .disconnected),
            ])
    }

    @Test("a break is looked into for those who wait, and for a job that becomes known after it")
    func looksAfterBreaks() throws {
        let (_, first) = try waiting()
        let (late, second) = (ledger.begin(), try Samples.job(2))
        #expect(ledger.repliesBroke() == [.lookUp([first])])
        #expect(ledger.submitted(late, as: second, on: Samples.terms(), now: .zero) == [.look(late, second)])
        #expect(ledger.repliesBroke() == [.lookUp([first, second])])
        // From then on it waits as any other.
        #expect(ledger.looked(late, found: nil, now: .zero).isQuiet)
        let fresh = ledger.begin()
        let third = try Samples.job(3)
        #expect(ledger.submitted(fresh, as: third, on: Samples.terms(), now: .zero).isQuiet)
    }

    @Test("a break does not make a wait longer")
    func keepsDueTime() throws {
        let (token, job) = (ledger.begin(), try Samples.job())
        _ = ledger.repliesBroke()
        _ = ledger.submitted(token, as: job, on: Samples.terms(), now: .zero)
        _ = ledger.looked(token, found: nil, now: Samples.time(15_000))
        #expect(ledger.advance(to: Samples.time(20_025)).first == .look(token, job))
    }

    @Test("who follows a job is let go when he goes and when the gateway stops, and at once after that")
    func endsFollowers() {
        let (token, actions) = ledger.follow()
        #expect(actions == [])
        #expect(ledger.disconnected(token) == [.endFollowing(token)])
        ledger.forget(token)
        let (second, _) = ledger.follow()
        #expect(ledger.stop(isQueueAway: false, now: .zero) == [.endFollowing(second)])
        let (third, late) = ledger.follow()
        #expect(late == [.endFollowing(third)])
    }

    @Test("a gateway that stops looks for outcomes where it can, also for calls that come to it late")
    func stops() throws {
        let (token, job) = try waiting()
        let late = ledger.begin()
        #expect(ledger.stop(isQueueAway: false, now: .zero) == [.look(token, job)])
        let second = try Samples.job(2)
        #expect(ledger.submitted(late, as: second, on: Samples.terms(), now: .zero) == [.look(late, second)])
    }

    @Test("tokens that were never given out, or whose calls are over, are nobody's")
    func refusesForeignTokens() throws {
        let (token, job) = try waiting()
        for raw in [0, 1, UInt64.max, token.rawValue &+ 1, token.rawValue ^ (1 << 32), token.rawValue & 0xFFFF_FFFF] {
            #expect(ledger.outcome(Samples.outcome(job, for: CallToken(rawValue: raw))) == [.unclaimed(job)], "\(raw)")
            #expect(ledger.disconnected(CallToken(rawValue: raw)) == [])
        }
        #expect(ledger.outcome(Samples.outcome(job, for: nil)) == [.unclaimed(job)])
        ledger.forget(token)
        #expect(ledger.begin() != token)
    }

    @Test("nobody is to be woken while nobody waits, and then once for the first who is due")
    func wakes() throws {
        let (first, second) = (ledger.begin(), ledger.begin())
        func submit(_ token: CallToken, _ timeout: Duration) throws -> CallActions {
            ledger.submitted(token, as: try Samples.job(), on: Samples.terms(timeout), now: .zero)
        }
        #expect(try submit(first, .seconds(10)) == [.wake(at: Samples.time(10_025))])
        #expect(try submit(second, .seconds(20)) == [])
        #expect(try submit(ledger.begin(), .seconds(5)) == [.wake(at: Samples.time(5_025))])
        #expect(ledger.advance(to: Samples.time(5_000)) == [.wake(at: Samples.time(5_025))])
    }
}

extension CallActions {
    /// Whether nobody but the sleeper is told anything.
    fileprivate var isQuiet: Bool { allSatisfy { if case .wake = $0 { true } else { false } } }
}

extension Sequence {
    fileprivate var first: Element? { first { _ in true } }
}
