import Batching
import Jobs
import Synchronization
import Time
import WorkerCore

/// What `TrialScheduler` asks of a model.
extension ModelRunner {
    /// What a turn depends on.
    func observeTrials(into observation: inout TrialSchedule.Observation) {
        let now = steady.now()
        ledger.withLock { observation.add($0, steady: now) }
    }

    /// Starts nothing more until `release`; what runs goes on.
    func hold() { ledger.withLock { $0.hold() } }

    func release() {
        let now = time.now()
        let actions = ledger.withLock { $0.release(now: now, steady: steady.now()) }
        perform(actions, now: now, keeping: nil)
        onRoom()
    }

    /// The job to mark next; `startTrial`, `loseTrial` or `putBackTrial` must follow.
    func nextTrial() -> JobID? { ledger.withLock { $0.nextTrial() } }

    /// Whether a job is on its way to its trial, or runs.
    var hasTrial: Bool { ledger.withLock { $0.trials.current != nil } }

    func startTrial() { performTrial { $0.startTrial(now: $1, steady: $2) } }
    func loseTrial() { performTrial { ledger, _, _ in ledger.loseTrial() } }
    func putBackTrial() { performTrial { ledger, _, _ in ledger.putBackTrial() } }

    private func performTrial(_ body: (inout ModelLedger, Timestamp, Timestamp) -> ModelLedger.Actions) {
        let now = time.now()
        let actions = ledger.withLock { body(&$0, now, steady.now()) }
        perform(actions, now: now, keeping: nil)
        onRoom()
    }
}
