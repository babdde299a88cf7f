import Batching
package import Jobs
package import Time

/// Jobs that workers died with: each runs alone, marked in the queue, while nothing else of the worker runs.
extension ModelLedger {
    /// Nothing is started any more until `release`; what runs goes on.
    package mutating func hold() { assembler.forming = .nothing }

    package mutating func release(now: Timestamp, steady: Timestamp) -> Actions {
        assembler.forming = .everything
        return tick(now: now, steady: steady)
    }

    /// The job to mark in the queue next; `startTrial`, `putBackTrial` or `loseTrial` must follow.
    package mutating func nextTrial() -> JobID? {
        while let ticket = trials.next() {
            if let job = held[ticket] { return job.admitted.job.id }
            _ = trials.end(ticket)
        }
        return nil
    }

    /// It is marked, and nothing else runs: it is started, alone, in as many parts as it needs.
    package mutating func startTrial(now: Timestamp, steady: Timestamp) -> Actions {
        guard !assembler.isDraining, let ticket = trials.current, let job = held[ticket] else { return loseTrial() }
        var shapes = job.admitted.shapes
        shapes.alone = ticket
        assembler.forming = .only(shapes)
        let added = assembler.add([item(ticket, job.admitted, shapes, now: now)], now: now)
        return actions(for: added, now: now, steady: steady)
    }

    /// It could not be marked: it is the next again, or goes back where no more are started.
    package mutating func putBackTrial() -> Actions {
        if assembler.isDraining { return loseTrial() }
        trials.putBack()
        return Actions()
    }

    /// The queue says that the job is not this worker's any more.
    package mutating func loseTrial() -> Actions {
        var actions = Actions()
        guard let ticket = trials.current else { return actions }
        end(ticket, .handedBack, into: &actions)
        if trials.end(ticket) { actions.changesTrials = true }
        return actions
    }
}
