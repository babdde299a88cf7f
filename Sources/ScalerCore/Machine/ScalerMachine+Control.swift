import Jobs
import Operations
import Scaling
import Time

/// What operators set by hand, and what is counted for them.
extension ScalerMachine {
    /// Takes in what operators have set since the last look: says what is new, lets workers leave, has files read again.
    /// One that does not lead only knows it.
    mutating func follow(_ newest: ControlState, _ circumstances: ScalerEvent.Circumstances, at now: Timestamp)
        -> [ScalerAction]
    {
        let before = control
        control = newest
        guard leads else { return [] }
        var actions: [ScalerAction] = []
        for entry in newest.current(at: now) where !before.entries.contains(entry) {
            actions.append(.note(.setByHand(entry, at: now)))
            if entry.kind == .reload, entry.set > began {
                actions.append(.readFiles)
                if let faults = circumstances.faults { actions += retry(faults) }
            }
        }
        for entry in before.entries
        where !newest.entries.contains(where: { $0.kind == entry.kind && $0.subject == entry.subject }) {
            guard entry.kind != .reload, entry.kind != .leave else { continue }
            actions.append(.note(.notSetAnyMore(entry)))
        }
        for worker in newest.workers(.leave, at: now).sorted() { actions += letLeave(worker) }
        return actions + expired(newest, at: now)
    }

    /// A spot notice: the worker drains, whatever it does, and does not count any more.
    private mutating func letLeave(_ worker: String) -> [ScalerAction] {
        guard let member = fleet.members[worker], member.phase != .leaving else { return [] }
        fleet.noteTaken(worker)
        let note = ScalerAction.note(.taken(worker: worker, pool: member.pool))
        guard member.isOurs, plan.ordering(of: member.pool)?.isOneByOne == true else { return [note] }
        return [note, .drain([worker], pool: member.pool)]
    }

    private func expired(_ state: ControlState, at now: Timestamp) -> [ScalerAction] {
        state.entries.filter { entry in
            let isDone = entry.kind == .leave && fleet.members[entry.subject] == nil && now - entry.set > .seconds(10)
            return isDone || !entry.holds(at: now)
        }.map { .remove($0) }
    }

    func noteRemoved(_ entry: ControlEntry, wasThere: Bool) -> [ScalerAction] {
        switch entry.kind {
        case .override, .pause, .protect: wasThere ? [.note(.expired(entry))] : []
        case .leave, .reload: []
        }
    }

    // MARK: Counts

    /// Counts what came and what it took.
    mutating func count(_ snapshots: [QueueName: QueueSnapshot], at now: Timestamp) -> [ScalerAction] {
        let prices = Dictionary(plan.pools.map { ($0.name, $0.pricePerHour) }, uniquingKeysWith: { first, _ in first })
        var actions: [ScalerAction] = []
        if let batch = arrivals.note(snapshots, at: now) { actions.append(.addArrivals(batch)) }
        if let amounts = usage.note(fleet, prices: prices, at: now) { actions.append(.addUsage(amounts, at: now)) }
        return actions
    }

    /// Before the end: what is not counted yet.
    mutating func finishCounting(at now: Timestamp) -> [ScalerAction] {
        // Away: nothing could be added, and whoever waits for the end would wait for that.
        guard leads, sight.readableSince != nil else { return [] }
        let batch = arrivals.finish().map { [ScalerAction.addArrivals($0)] } ?? []
        return batch + [.addUsage(usage.take(), at: now)]
    }
}
