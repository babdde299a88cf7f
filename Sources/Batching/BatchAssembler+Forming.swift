import Time

/// How batches are closed.
extension BatchAssembler {
    /// Whether and how a lane's batch closes now.
    private enum Closing {
        /// Take at most `limit` rows; `reason` applies if nothing else ends the batch first.
        case now(limit: Int, reason: CloseReason)
        case later(Timestamp)
    }

    /// Forms as many batches as instances are free and reasons allow.
    mutating func decide(_ now: Timestamp) -> Decision {
        var decision = Decision()
        removeExpired(at: now, into: &decision)
        while freeInstances > 0, let (index, limit, reason) = nextToClose(at: now, wakeUp: &decision.wakeUp) {
            decision.batches.append(takeBatch(from: index, limit: limit, reason: reason, now: now))
        }
        for lane in lanes {
            guard let deadline = lane.line.earliestDeadline else { continue }
            decision.wakeUp = min(decision.wakeUp ?? deadline, deadline)
        }
        return decision
    }

    private mutating func removeExpired(at now: Timestamp, into decision: inout Decision) {
        for index in lanes.indices {
            let (model, lastRuns) = (lanes[index].model, lanes[index].lastRuns)
            let (instances, isFree) = (policy.instances, freeInstances > 0 && mayForm(lanes[index].group))
            var probe: UInt64?
            let expired = lanes[index].line.removeExpired(at: now) { item, deadline in
                // A large item may run in parts side by side: nothing is hopeless that all instances together
                // might do.
                let rows = max(1, item.remaining / instances)
                guard deadline < now + model.leastTime(rows: rows) else { return false }
                if isFree, probe == nil, let bucket = model.provenBucket(rows: rows),
                    lastRuns.isOver(Self.probeInterval, from: bucket, at: now)
                {
                    probe = item.sequence
                }
                return probe != item.sequence
            }
            decision.expired += expired.map(\.id)
        }
    }

    /// The most urgent lane whose batch closes now.
    private mutating func nextToClose(
        at now: Timestamp, wakeUp: inout Timestamp?
    ) -> (index: Int, limit: Int, reason: CloseReason)? {
        wakeUp = nil
        for index in lanesByUrgency() {
            switch closing(of: index, at: now) {
            case .now(let limit, let reason): return (index, limit, reason)
            case .later(let time): wakeUp = min(wakeUp ?? time, time)
            }
        }
        return nil
    }

    private func mayForm(_ group: Group) -> Bool {
        switch forming {
        case .everything: true
        case .nothing: false
        case .only(let only): group == only
        }
    }

    private func lanesByUrgency() -> [Int] {
        let heads = lanes.indices.filter { mayForm(lanes[$0].group) }.compactMap { index in
            lanes[index].line.first.map { (index: index, head: $0) }
        }
        guard heads.count > 1 else { return heads.map(\.index) }
        return heads.sorted { $0.head.isBefore($1.head) }.map(\.index)
    }

    private mutating func closing(of index: Int, at now: Timestamp) -> Closing {
        let waiting = lanes[index].line.rows
        let target = lanes[index].sizer.target(
            for: lanes[index].model, maximum: policy.maximumRows, waiting: waiting)
        if waiting >= freeInstances * target { return .now(limit: target, reason: .full) }
        if isDraining { return .now(limit: target, reason: .drain) }
        let isAlone = forming != .everything
        let others = isAlone ? 0 : lanes.indices.count { $0 != index && !lanes[$0].line.isEmpty }
        if policy.maximumDelay > .zero, !isAlone, waiting < target, others < freeInstances {
            return closingOfWaiting(of: index, target: target, at: now)
        }
        let share = BatchSizer.spread(
            rows: waiting, over: max(1, freeInstances - others), model: lanes[index].model,
            overhead: policy.spreadOverhead)
        let limit = min(target, (waiting + share - 1) / share)
        if limit < waiting { return .now(limit: limit, reason: limit < target ? .spread : .full) }
        return .now(limit: limit, reason: others > 0 ? .shape : .idle)
    }

    /// Whether a batch that is not full waits for more rows, which the policy permits.
    ///
    /// Waiting for one more row delays n rows by the time g until it comes, and saves the fixed cost a that
    /// the row would cause in a batch of its own: it pays while n · g < a.
    ///
    /// - Example: a = 1.4 ms, a row comes every 0.2 ms: 6 rows still wait for the seventh, 7 do not.
    /// - Source: the trade of BentoML's `dispatcher.py` (its `wait` and `decay` settings replaced by a and g).
    private func closingOfWaiting(of index: Int, target: Int, at now: Timestamp) -> Closing {
        let lane = lanes[index]
        let rows = lane.line.rows
        let end = (lane.line.oldest ?? now) + policy.maximumDelay
        if now >= end { return .now(limit: target, reason: .delay) }
        var until = end
        if let deadline = lane.line.earliestDeadline, let cost = lane.model.p99(rows: min(rows + 1, target)) {
            let latestStart = deadline - cost
            if now >= latestStart { return .now(limit: target, reason: .deadline) }
            until = min(until, latestStart)
        }
        if let gap = lane.gap.seconds(at: now), let fixed = lane.model.line?.fixed, let last = lane.gap.last {
            let patience = fixed / Double(rows)
            if gap >= patience || now + .seconds(gap) > end { return .now(limit: target, reason: .idle) }
            until = min(until, max(now + .microseconds(1), last + .seconds(patience)))
        }
        return .later(until)
    }

    /// Fills a batch from the front of a lane.
    private mutating func takeBatch(
        from index: Int, limit: Int, reason: CloseReason, now: Timestamp
    ) -> Batch<ID, Group> {
        var entries: [Batch<ID, Group>.Entry] = []
        var rows = 0
        var reason = reason
        var tightest: Timestamp?
        let model = lanes[index].model
        while let item = lanes[index].line.first {
            let part = partRows(of: item, limit: limit, space: limit - rows, model: model)
            guard part > 0 else {
                if reason != .spread { reason = .full }
                break
            }
            let cost = model.p99(rows: rows + part)
            if let tightest, let cost, now + cost > tightest {
                reason = .deadline
                break
            }
            // Only a deadline that this batch can meet limits it: what is late anyway must not make batches
            // small, or an overloaded worker would lose its throughput and everything would be late.
            if let deadline = item.deadline, let cost, now + cost <= deadline {
                tightest = min(tightest ?? deadline, deadline)
            }
            let range = lanes[index].line.takeFromFirst(part)
            entries.append(.init(id: item.id, range: range, itemRows: item.rows))
            rows += part
        }
        if rows >= policy.maximumRows { reason = .full }
        batchNumber += 1
        lanes[index].lastUsed = batchNumber
        lanes[index].lastRuns.began(rows: rows, at: now)
        occupyInstance()
        return Batch(
            number: batchNumber, group: lanes[index].group, entries: entries, rows: rows, reason: reason,
            formed: now, expected: model.p99(rows: rows))
    }

    /// How many rows of `item` go into a batch that has `space` left: all of them, or none; or, of an item that
    /// is larger than a batch, a part. Zero closes the batch.
    private func partRows(
        of item: WaitingLine<ID>.Waiting, limit: Int, space: Int, model: ServiceTimeModel
    ) -> Int {
        if item.remaining <= space { return item.remaining }
        if item.remaining <= limit { return 0 }
        guard space == limit else { return space }
        // Alone in its batch: as large a part as is efficient, while every instance gets one.
        let share = (item.rows + policy.instances - 1) / policy.instances
        let part = model.largestEfficientRows(atMost: min(share, policy.maximumRows), preferred: limit)
        return min(item.remaining, part, policy.maximumRows)
    }
}
