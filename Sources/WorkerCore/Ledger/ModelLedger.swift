package import Batching
import Jobs
package import Time

/// What a worker holds of one model, as a value: which jobs wait, which run on which instance, which parts are
/// back. It is told what happens and says what to do (`Actions`); the worker's `ModelRunner` does it.
///
/// It is told two times: `now` is the cluster's, in which deadlines and records are; `steady` is monotonic, by which
/// runs are measured and watched.
package struct ModelLedger: Sendable {
    typealias Assembler = BatchAssembler<Int, RowShapes>

    var assembler: Assembler
    package internal(set) var runs: InstanceRuns
    /// Since the worker started, as `batches` and `busy`.
    package internal(set) var rows = 0
    package internal(set) var batches = 0
    package internal(set) var busy = Duration.zero
    package internal(set) var tenants = TenantShares()
    /// Of the inputs of what is held.
    package internal(set) var heldBytes = 0
    /// Of the inputs of a job, lately; `nil` before the first.
    package private(set) var bytesPerJob: Double?

    package internal(set) var trials = TrialQueue()
    /// Whether requests are joined and cut.
    package internal(set) var counting: RowCounting
    var held: [Int: Held] = [:]
    var tickets: [JobID: Int] = [:]
    private var nextTicket = 0
    /// Every instance is in a run that takes far longer than was to be expected: nothing is taken meanwhile.
    package internal(set) var isHeldUp = false
    /// When the assembler wants to be woken, and when the alarm is set to do it.
    private var wakeUp: Timestamp?
    private var alarm: Timestamp?

    /// - Parameter runBound: how long a run may take before it counts as hung.
    /// - Parameter counting: `whole` for a model whose requests are never joined.
    package init(
        policy: BatchingPolicy, runBound: RunBound = RunBound(least: .seconds(600)), counting: RowCounting = .counted
    ) {
        assembler = Assembler(policy: policy)
        self.counting = counting
        runs = InstanceRuns(instances: policy.instances, bound: runBound)
    }

    /// Jobs taken and not released.
    package var heldJobs: Int { held.count }

    package var isIdle: Bool { held.isEmpty && runs.isEmpty }

    /// Jobs that wait for a batch; those that wait for a trial are not among them.
    package var waitingJobs: Int { assembler.waitingItems }

    /// Whether nothing is started, for a trial.
    package var isHolding: Bool { assembler.forming == .nothing }

    /// How many jobs to take now.
    package var appetite: Int { isHeldUp ? 0 : max(assembler.appetite - trials.count, 0) }

    /// What a batch costs, as far as it was learned.
    package var cost: LinearCost? { assembler.cost }

    package mutating func seed(rows: Int, took duration: Duration) { assembler.seed(rows: rows, took: duration) }

    // MARK: Events

    package mutating func accept(_ jobs: [Admitted], now: Timestamp, steady: Timestamp) -> Actions {
        var bytes = 0
        var items: [Assembler.Item] = []
        items.reserveCapacity(jobs.count)
        for var admitted in jobs {
            if counting == .whole { admitted.rows = 1 }
            nextTicket += 1
            held[nextTicket] = Held(admitted: admitted, taken: now)
            bytes += admitted.bytes
            tickets[admitted.job.id] = nextTicket
            if admitted.job.crashes > 0 {
                trials.add(nextTicket)
            } else {
                items.append(item(nextTicket, admitted, admitted.shapes, now: now))
            }
        }
        note(bytes, of: jobs.count)
        var actions = actions(for: assembler.add(items, now: now), now: now, steady: steady)
        actions.changesTrials = trials.isWaiting
        return actions
    }

    func item(
        _ ticket: Int, _ admitted: Admitted, _ shapes: RowShapes, now: Timestamp
    ) -> Assembler.Item {
        Assembler.Item(
            id: ticket, rows: admitted.rows, group: shapes, priority: Int(admitted.job.job.priority.rawValue),
            enqueued: now, deadline: admitted.job.job.deadline)
    }

    /// The time for which to set the alarm.
    package mutating func armAlarm() -> Timestamp? {
        alarm = wakeUp
        return alarm
    }

    package mutating func tick(now: Timestamp, steady: Timestamp) -> Actions {
        actions(for: assembler.tick(now: now), now: now, steady: steady)
    }

    // MARK: What follows

    private mutating func note(_ bytes: Int, of jobs: Int) {
        guard jobs > 0 else { return }
        heldBytes += bytes
        let mean = Double(bytes) / Double(jobs)
        bytesPerJob = bytesPerJob.map { $0 + (mean - $0) / 4 } ?? mean
    }

    mutating func actions(
        for decision: Assembler.Decision, now: Timestamp, steady: Timestamp
    ) -> Actions {
        var actions = Actions()
        wakeUp = decision.wakeUp
        actions.setsAlarmEarlier = wakeUp.map { wakeUp in alarm.map { wakeUp < $0 } ?? true } ?? false
        for ticket in decision.expired { end(ticket, .expired, into: &actions) }
        for batch in decision.batches {
            actions.closed.append((batch.rows, batch.reason))
            actions.start.append(start(batch, now: now, steady: steady))
        }
        return actions
    }
}
