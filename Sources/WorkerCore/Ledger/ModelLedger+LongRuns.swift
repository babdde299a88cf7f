import Batching
package import Time

/// Runs that take far longer than was to be expected: a run cannot be interrupted, what waits behind it can go elsewhere.
extension ModelLedger {
    /// An instance starts one more run of the same batch (a part of it, after a failure): its time counts anew.
    package mutating func rerun(on instance: Int, steady: Timestamp) { runs.rerun(on: instance, steady: steady) }

    /// The run that is furthest beyond its bound, if any.
    package func hungRun(steady: Timestamp) -> InstanceRuns.Hung? { runs.hung(steady: steady) }

    /// Whether a run takes far longer than was to be expected.
    package func hasLongRun(steady: Timestamp) -> Bool { runs.hasLong(steady: steady) }

    /// Gives back what waits while every instance is in a run that takes far longer than expected: other workers may have
    /// room, and a run cannot be interrupted.
    package mutating func relieve(steady: Timestamp) -> Actions {
        var actions = Actions()
        guard runs.isHeldUp(steady: steady) else { return actions }
        isHeldUp = true
        for ticket in held.keys.sorted() where held[ticket]?.started == nil {
            guard assembler.remove(ticket) == .waiting else { continue }
            end(ticket, .handedBack, into: &actions)
        }
        for ticket in trials.takeWaiting() { end(ticket, .handedBack, into: &actions) }
        return actions
    }

    /// Ends the job of a run that has hung, where it is the only one in it: it would be as long elsewhere. Which of several
    /// it is cannot be told; they count a crash each when the worker ends.
    package mutating func fail(_ hung: InstanceRuns.Hung, _ failure: BatchResult.Failure) -> Actions {
        var actions = Actions()
        guard let ticket = runs.onlyTicket(on: hung.instance), held[ticket] != nil else { return actions }
        held[ticket]?.runningRows = 0
        _ = assembler.remove(ticket)
        end(ticket, .failed(failure), into: &actions)
        return actions
    }
}
