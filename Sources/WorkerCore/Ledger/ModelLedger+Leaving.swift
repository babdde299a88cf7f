import Batching
package import Jobs
package import Time

/// How jobs leave the ledger.
extension ModelLedger {
    /// The job was cancelled: it leaves at once if it waits; if it runs, its result goes the usual way and the
    /// queue, which has stored the cancellation, drops it.
    package mutating func cancel(_ id: JobID) -> Actions {
        var actions = Actions()
        guard let ticket = tickets[id] else { return actions }
        switch assembler.remove(ticket) {
        case .waiting, .partlyStarted: end(ticket, .cancelled, into: &actions)
        case .notWaiting:
            if trials.remove(ticket) {
                end(ticket, .cancelled, into: &actions)
                actions.changesTrials = true
            }
        }
        return actions
    }

    /// Gives back what has not started; what runs goes on.
    package mutating func drain(now: Timestamp, steady: Timestamp) -> Actions {
        let (decision, returned) = assembler.drain(.handingBack, now: now)
        var actions = self.actions(for: decision, now: now, steady: steady)
        for ticket in returned + trials.takeWaiting() { end(ticket, .handedBack, into: &actions) }
        actions.changesTrials = true
        return actions
    }

    /// Gives back everything that is not released, running or not: the process is about to end.
    package mutating func abandon() -> [TakenJob] {
        // What is left of a request that runs in parts would form batches of nothing.
        for ticket in held.keys { _ = assembler.remove(ticket) }
        defer {
            held = [:]
            tickets = [:]
            trials = TrialQueue()
            heldBytes = 0
        }
        return held.values.map(\.admitted.job)
    }

    /// Releases a job now, or as soon as its running parts are back.
    mutating func end(_ ticket: Int, _ ending: Ending, into actions: inout Actions) {
        guard var job = held.removeValue(forKey: ticket) else { return }
        guard job.runningRows == 0 else {
            job.ending = ending
            held[ticket] = job
            return
        }
        tickets[job.admitted.job.id] = nil
        heldBytes -= job.admitted.bytes
        actions.release.append((job, ending))
        if trials.end(ticket) {
            assembler.forming = .nothing
            actions.changesTrials = true
        }
    }
}
