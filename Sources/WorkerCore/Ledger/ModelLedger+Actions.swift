package import Batching
package import Tensors
package import Time

extension ModelLedger {
    /// A job between take and release.
    package struct Held: Sendable {
        package var admitted: Admitted
        package var taken: Timestamp
        package var started: Timestamp?
        var doneRows = 0
        package var compute = Duration.zero
        package var batchRows = 0
        /// The parts that are back, of a job that runs in several.
        package var parts: [(range: Range<Int>, outputs: [Tensor])] = []
        var failure: BatchResult.Failure?
        /// Rows in batches that are not back: the job is not released before, so that its lease is kept.
        var runningRows = 0
        /// Rows that will not be started any more count as done.
        var ending: Ending?
        /// Its rows were not what they seemed: it runs again, whole, as soon as its running parts are back.
        var mustRepeat = false

        /// Whether it ran in several parts and all are back without a failure.
        var isComplete: Bool {
            !mustRepeat && ending == nil && failure == nil && parts.count > 1 && doneRows == admitted.rows
        }
    }

    /// How a job leaves, as far as the ledger decides it.
    package enum Ending: Sendable {
        case finished
        case failed(BatchResult.Failure)
        case expired
        case cancelled
        case handedBack
    }

    package struct Actions: Sendable {
        package var start: [(instance: Int, work: BatchWork)] = []
        package var release: [(held: Held, ending: Ending)] = []
        package var closed: [(rows: Int, reason: CloseReason)] = []
        /// The alarm is set for a later time than the assembler now asks for.
        package var setsAlarmEarlier = false
        /// Jobs wait for a trial, or the one that was on trial has left.
        package var changesTrials = false
        /// Joining has ended for this model, for this reason.
        package var stopsJoining: String?

        package init() {}
    }
}

extension ModelLedger.Actions {
    /// Adds what follows.
    mutating func add(_ following: ModelLedger.Actions) {
        start += following.start
        release += following.release
        closed += following.closed
        setsAlarmEarlier = setsAlarmEarlier || following.setsAlarmEarlier
        changesTrials = changesTrials || following.changesTrials
        stopsJoining = stopsJoining ?? following.stopsJoining
    }
}
