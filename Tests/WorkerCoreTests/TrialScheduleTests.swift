import Testing
import Time

@testable import WorkerCore

@Suite struct TrialScheduleTests {
    private func seen(
        _ trials: Int..., isRunning: Bool = false, isBlocked: Bool = false, isWaiting: Bool = false
    ) -> TrialSchedule.Observation {
        TrialSchedule.Observation(trials: trials, isRunning: isRunning, isBlocked: isBlocked, isWaiting: isWaiting)
    }

    private func at(_ milliseconds: Int) -> Timestamp { .zero + .milliseconds(milliseconds) }

    @Test("nothing is held while no job waits for a trial")
    func idle() {
        var turns = TrialSchedule()
        #expect(turns.step(seen(0, 0, isRunning: true, isWaiting: true), now: .zero) == .sleep(nil))
    }

    @Test("a trial begins only when nothing runs any more, and models take turns")
    func waitsForRuns() {
        var turns = TrialSchedule()
        #expect(turns.step(seen(2, 1, isRunning: true), now: .zero) == .hold)
        #expect(turns.step(seen(2, 1, isRunning: true), now: at(40)) == .sleep(.milliseconds(960)))
        #expect(turns.step(seen(2, 1), now: at(50)) == .try(model: 0))
        turns.ended()
        #expect(turns.step(seen(1, 1), now: at(52)) == .try(model: 1))
        turns.ended()
        #expect(turns.step(seen(1, 0), now: at(54)) == .try(model: 0))
        turns.ended()
        #expect(turns.step(seen(0, 0), now: at(56)) == .release)
        #expect(turns.step(seen(0, 0), now: at(56)) == .sleep(nil))
    }

    @Test("others that wait get as much time as the trials before had")
    func fairness() {
        var turns = TrialSchedule()
        #expect(turns.step(seen(9, isWaiting: true), now: .zero) == .hold)
        #expect(turns.step(seen(9, isWaiting: true), now: at(10)) == .try(model: 0))
        turns.ended()
        #expect(turns.step(seen(8, isWaiting: true), now: at(60)) == .try(model: 0), "100 ms are not over")
        turns.ended()
        #expect(turns.step(seen(7, isWaiting: true), now: at(300)) == .release)
        #expect(turns.step(seen(7, isWaiting: true), now: at(310)) == .sleep(.milliseconds(290)))
        var alone = turns
        #expect(alone.step(seen(7), now: at(310)) == .hold, "nobody waits: the next turn comes at once")
        #expect(turns.step(seen(7, isWaiting: true), now: at(600)) == .hold)
    }

    @Test("a trial longer than a turn is still begun, once a turn")
    func longTrials() {
        var turns = TrialSchedule()
        #expect(turns.step(seen(2, isWaiting: true), now: .zero) == .hold)
        #expect(turns.step(seen(2, isWaiting: true), now: at(5_00)) == .try(model: 0))
        turns.ended()
        #expect(turns.step(seen(1, isWaiting: true), now: at(9_000)) == .release)
        #expect(turns.step(seen(1, isWaiting: true), now: at(17_999)) == .sleep(.milliseconds(1)))
    }

    @Test("runs that do not end are not waited for without an end, and longer each time")
    func patience() {
        var turns = TrialSchedule()
        var now = 0
        for second in [1, 2, 4, 8] {
            #expect(turns.step(seen(1, isRunning: true, isWaiting: true), now: at(now)) == .hold)
            now += second * 1_000
            #expect(turns.step(seen(1, isRunning: true, isWaiting: true), now: at(now)) == .release)
            now += second * 1_000
        }
        #expect(turns.step(seen(1, isRunning: true, isWaiting: true), now: at(now)) == .hold)
        #expect(turns.step(seen(1, isWaiting: true), now: at(now + 9_000)) == .try(model: 0))
    }

    @Test("nothing is held for a trial while a model is loaded or a run takes too long")
    func blocked() {
        var turns = TrialSchedule()
        #expect(turns.step(seen(1, isBlocked: true, isWaiting: true), now: .zero) == .sleep(.seconds(1)))
        #expect(!turns.isHolding)
        #expect(turns.step(seen(1, isRunning: true, isWaiting: true), now: at(500)) == .hold)
        #expect(turns.step(seen(1, isRunning: true, isBlocked: true, isWaiting: true), now: at(510)) == .release)
        #expect(turns.step(seen(1, isBlocked: true, isWaiting: true), now: at(9_000)) == .sleep(.seconds(1)))
        #expect(turns.step(seen(1, isWaiting: true), now: at(9_001)) == .hold)
        #expect(turns.step(seen(1, isRunning: true, isWaiting: true), now: at(9_990)) == .sleep(.milliseconds(11)))
    }

    @Test("a hold with much patience looks every second whether a run has become a long one")
    func looksAgain() {
        var turns = TrialSchedule()
        #expect(turns.step(seen(1, isRunning: true), now: .zero) == .hold)
        #expect(turns.step(seen(1, isRunning: true), now: at(1_000)) == .release)
        #expect(turns.step(seen(1, isRunning: true), now: at(2_000)) == .hold)
        #expect(turns.step(seen(1, isRunning: true), now: at(2_000)) == .sleep(.seconds(1)))
    }
}
