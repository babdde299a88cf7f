/// The queue as a worker sees it.
package protocol WorkQueue: Sendable {
    /// Takes up to `limit` jobs, higher classes first (see `ClassTurns`; at first up to `limit` of each class), waiting up to `patience` for the first one.
    /// Returns an empty array when none came. Poisoned and malformed entries are settled, not returned.
    func take(
        upTo limit: Int, from queues: [QueueName], waiting patience: Duration
    ) async throws(QueueError) -> [TakenJob]

    /// Stores the outcomes, answers the waiting gateways and removes the jobs, in one round trip. An outcome that
    /// is already stored wins over a later one. On an error nothing of it, or all, may have happened: call again.
    func settle(_ settlements: [Settlement]) async throws(QueueError)

    /// Says that a taken job with crashes is about to run, and that nothing else will on this worker until `endTrial`:
    /// should the worker die, the death counts for this job alone.
    /// - Returns: whether this worker still holds the job.
    func beginTrial(of id: JobID) async throws(QueueError) -> Bool

    /// Says that its run has ended, whether the job is settled already or not: a later death does not count for it.
    func endTrial(of id: JobID) async throws(QueueError)

    /// Gives back a job whose run returned an error, to be delivered again after `delay`.
    func retry(_ job: TakenJob, after delay: Duration, error: String) async throws(QueueError)

    /// Gives back jobs that were taken and not started, unpenalised; they can be taken at once.
    func handBack(_ jobs: [TakenJob]) async throws(QueueError)

    /// Renews this worker's lease (`leaseDuration`) and publishes `report`.
    /// - Returns: ids of taken jobs that were cancelled meanwhile.
    func renewLease(_ report: WorkerReport) async throws(QueueError) -> [JobID]

    /// Delivers cancellations of jobs in `queues` as they happen until the calling task is cancelled.
    func watchCancellations(of queues: [QueueName], _ deliver: @escaping @Sendable (JobID) -> Void) async

    /// Ends the lease: what this worker still holds goes back, its consumer and report are removed.
    func leave() async throws(QueueError)
}

package struct Settlement: Sendable {
    package var outcome: Outcome
    /// How long the stored outcome is kept.
    package var retention: Duration

    package init(outcome: Outcome, retention: Duration) {
        self.outcome = outcome
        self.retention = retention
    }
}
