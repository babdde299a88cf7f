package import Time

extension QueueModel {
    /// Renews the worker's lease.
    /// - Returns: jobs that were cancelled while this worker held them; each is told once.
    package mutating func renewLease(_ report: WorkerReport, now: Timestamp) -> [JobID] {
        leases[report.id] = (report, now + limits.leaseDuration)
        return Array(cancelled.removeValue(forKey: report.id) ?? [])
    }

    /// The reports of workers whose lease holds, by id.
    package func workers(now: Timestamp) -> [WorkerReport] {
        leases.values.filter { $0.ends > now }.compactMap(\.report).sorted { $0.id < $1.id }
    }

    /// Gives back what a dead worker holds; what the death counts for is in `Blame`.
    package mutating func reap(_ worker: String, from names: [QueueName], ran: LastRuns) -> Reaped {
        let tried = (held[worker] ?? []).filter { names.contains($0.queue) && records[$0]?.isOnTrial == true }
            .min { ($0.priority, $0.entry) < ($1.priority, $1.entry) }
        return giveBackAll(of: worker, from: names, blame: Blame(tried: tried, ran: ran))
    }

    /// The same where nothing is known of what the worker ran.
    /// - Returns: the number of jobs that went back.
    package mutating func reap(_ worker: String, from names: [QueueName]) -> Int {
        reap(worker, from: names, ran: .unknown).count
    }

    /// Gives back what the worker holds, unpenalised.
    package mutating func leave(_ worker: String, from names: [QueueName]) {
        _ = giveBackAll(of: worker, from: names, blame: nil)
    }

    /// Reaps the workers whose lease has ended, makes due jobs takable, and ends those beyond their deadlines that wait.
    package mutating func reapExpired(from names: [QueueName], now: Timestamp) -> [String] {
        promote(names, now: now)
        _ = expire(names, now: now)
        let holders = held.filter { $0.value.contains { names.contains($0.queue) } }.keys
        let expired = Set(holders).union(leases.keys).filter { worker in
            guard let lease = leases[worker] else { return true }
            return lease.ends <= now
        }.sorted()
        for worker in expired { _ = reap(worker, from: names, ran: .unknown) }
        return expired
    }

    private mutating func giveBackAll(of worker: String, from names: [QueueName], blame: Blame?) -> Reaped {
        let order = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        let ids = (held[worker] ?? []).filter { order[$0.queue] != nil }.sorted {
            (order[$0.queue] ?? 0, $0.priority, $0.entry) < (order[$1.queue] ?? 0, $1.priority, $1.entry)
        }
        held[worker]?.subtract(ids)
        if held[worker]?.isEmpty == true { held[worker] = nil }
        var reaped = Reaped()
        for id in ids {
            records[id]?.place = .takable
            if let blame, let before = records[id]?.crashes { records[id]?.crashes = blame.crashes(before, of: id) }
            if id == blame?.guilty { reaped.blamed = id }
            reaped.jobs[id.queue, default: 0] += 1
            records[id]?.isOnTrial = false
            queues[id.queue]?.takable.append(id)
        }
        leases[worker] = nil
        return reaped
    }

    // MARK: Sizes

    package func snapshot(of name: QueueName) -> QueueSnapshot {
        let queue = queues[name]
        let lanes = PriorityClass.allCases.compactMap { queue?.lanes[$0] }
        let due = queue?.due.count ?? 0
        let waiting = lanes.reduce(queue?.takable.count ?? 0) { $0 + $1.count }
        let entries = lanes.reduce(0) { $0 + $1.entries }
        let depth = QueueDepth(waiting: waiting, inFlight: entries - waiting - due, due: due)
        let oldest = ([queue?.takable.front] + lanes.map(\.front)).compactMap { $0?.entry.milliseconds }.min()
        return QueueSnapshot(
            depth: depth, submitted: queue?.submitted ?? 0,
            oldestWaiting: oldest.map { Timestamp(microseconds: Int64(clamping: $0) &* 1_000) })
    }
}
