import Batching
import Time

/// What happens when a model turns out to have no rows that could be joined: outputs of another length than the inputs, or
/// parts of a request that do not fit together.
///
/// | the request | then |
/// |---|---|
/// | ran by itself in one piece | its outputs are its own: it is finished |
/// | was joined with others, or cut | what came of it is dropped; it runs again, whole, once |
/// | waits | it runs whole |
extension ModelLedger {
    /// Ends joining for as long as this worker lives. Once only: afterwards nothing is held to its rows any more.
    mutating func stopJoining(
        _ reason: String, into actions: inout Actions, now: Timestamp, steady: Timestamp
    ) {
        guard counting == .counted else { return }
        counting = .whole
        actions.stopsJoining = reason
        for ticket in held.keys where !(held[ticket]?.parts.isEmpty ?? true) { held[ticket]?.mustRepeat = true }
        var ready: [Int] = []
        for (ticket, _) in assembler.runItemsAlone() {
            held[ticket]?.mustRepeat = true
            if held[ticket]?.runningRows == 0 { ready.append(ticket) }
        }
        runWhole(ready, into: &actions, now: now, steady: steady)
    }

    /// Whether what came of `work` is worth nothing, now that rows are none: it was joined, or cut.
    func isRefuted(_ work: BatchWork) -> Bool {
        switch (counting, work.counting) {
        case (.whole, .counted): !work.isOneRequest
        case (.counted, .counted), (.whole, .whole), (.counted, .whole): false
        }
    }

    /// Lines up jobs of which nothing runs, each as one piece. While draining they are given back.
    mutating func runWhole(
        _ tickets: [Int], into actions: inout Actions, now: Timestamp, steady: Timestamp
    ) {
        var items: [Assembler.Item] = []
        for ticket in tickets {
            guard var job = held[ticket] else { continue }
            if let ending = job.ending ?? (assembler.isDraining ? .handedBack : nil) {
                end(ticket, ending, into: &actions)
                continue
            }
            job.admitted.rows = 1
            job.doneRows = 0
            job.parts = []
            job.failure = nil
            job.mustRepeat = false
            held[ticket] = job
            var shapes = job.admitted.shapes
            if trials.current == ticket { shapes.alone = ticket }
            items.append(item(ticket, job.admitted, shapes, now: now))
        }
        guard !items.isEmpty else { return }
        actions.add(self.actions(for: assembler.add(items, now: now), now: now, steady: steady))
    }
}
