import Clusters
import Jobs
import Logging
import Observability
import Operations
import ScalerCore
import Scaling
import Settings
import Time

/// What the machine asks for is done here; what came of it goes back as an event.
extension ScalerService {
    /// - Returns: the result, where one is asked for.
    func perform(_ action: ScalerAction) async -> ScalerResult? {
        switch action {
        case .note, .wake: return nil
        case .start(let pool): return await start(in: pool)
        case .drain(let workers, let pool):
            guard let (_, driver) = place(pool) else { return nil }
            for worker in workers { await driver.drain(worker) }
        case .scale(let order): return await scale(order)
        case .kill(let worker, let pool): await place(pool)?.driver.kill(worker)
        case .reap(let worker, let queues, let ran): return await reap(worker, from: queues, ran: ran)
        case .endLeases(let queues): return await endLeases(of: queues)
        case .remove(let entry): return await remove(entry)
        case .readFiles: if let event = reload(isAsked: true) { await enter(event) }
        case .record(let recording): await record(recording)
        case .announce(let decision, let seen): await announce?(decision, seen)
        case .addArrivals(let batch): return await add(batch)
        case .addUsage(let amounts, let time): return await add(amounts, at: time)
        case .seekLeader(let since): return .leaderSought(isThere: await hasDecided(since: since))
        case .sayPoolFault(let fault): return await say(fault)
        case .clearPoolFault(let pool): return await clear(pool)
        case .retry(let fault, let reason): await retry(fault, because: reason)
        }
        return nil
    }

    // MARK: Workers

    /// The pool and its driver.
    private func place(_ name: String) -> (pool: PoolPlace, driver: any PoolDriver)? {
        guard let pool = configuration.pools.first(where: { $0.name == name }), let driver = drivers[pool.driver] else {
            return nil
        }
        return (PoolPlace(pool), driver)
    }

    private func start(in name: String) async -> ScalerResult {
        guard let (pool, driver) = place(name) else {
            return .startFailed(pool: name, reason: "there is no such pool any more")
        }
        let ordered = time.now()
        do { return .started(worker: try await driver.start(in: pool), pool: name, ordered: ordered) } catch {
            return .startFailed(pool: name, reason: "\(error)")
        }
    }

    private func scale(_ order: CountOrder) async -> ScalerResult {
        guard let (pool, driver) = place(order.pool) else {
            return .countFailed(order, reason: "there is no such pool any more", isDeposed: false)
        }
        do {
            // How long this scaler may act; a minute where there is no other.
            let change = try await driver.scale(
                pool, to: order.count, idle: order.idle,
                authority: { [leadership] in leadership.map { $0.remaining() } ?? .seconds(60) })
            return .counted(order, before: change.before, now: change.now)
        } catch { return .countFailed(order, reason: "\(error)", isDeposed: error.code == .deposed) }
    }

    private func reap(_ worker: String, from queues: [QueueName], ran: LastRuns) async -> ScalerResult {
        do { return .reaped(worker: worker, try await observer.reap(worker, from: queues, ran: ran)) } catch {
            return .reapFailed(worker: worker, reason: "\(error)")
        }
    }

    private func endLeases(of queues: [QueueName]) async -> ScalerResult? {
        do { return .leasesEnded(try await observer.reapExpired(from: queues)) } catch {
            // That the queue is away is said of the looks; here it would be said every second.
            logger.debug("Leases were not looked at", metadata: [LogKeys.reason: "\(error)"])
            return nil
        }
    }

    // MARK: Operators

    private func remove(_ entry: ControlEntry) async -> ScalerResult? {
        guard let store else { return nil }
        do { return .removed(entry, wasThere: try await store.remove(entry)) } catch {
            // It does not count any more, and the next look tries again.
            logger.debug("An entry was not removed", metadata: [LogKeys.reason: "\(error)"])
            return nil
        }
    }

    private func add(_ batch: ArrivalCounter.Batch) async -> ScalerResult? {
        guard let store else { return nil }
        do {
            try await store.add(batch.arrivals, at: batch.time)
            return nil
        } catch {
            logger.debug("Arrivals were not counted", metadata: [LogKeys.reason: "\(error)"])
            return .arrivalsRefused(batch)
        }
    }

    private func add(_ usage: [UsageKey: Int64], at now: Timestamp) async -> ScalerResult? {
        guard let store else { return nil }
        do {
            try await store.add(usage, at: now)
            return nil
        } catch {
            logger.debug("The workers' time was not counted", metadata: [LogKeys.reason: "\(error)"])
            return .usageRefused(usage)
        }
    }

    /// Whether anybody decided after `time`.
    private func hasDecided(since time: Timestamp) async -> Bool {
        do {
            let newest = try await observer.decisions(newest: 1).first
            let record = newest.flatMap { RecordedJSON.value(DecisionRecord.self, from: $0) }
            return record.map { !$0.dry_run && $0.time_ms > time.milliseconds } ?? false
        } catch {
            logger.debug("The newest decision was not read", metadata: [LogKeys.reason: "\(error)"])
            return false
        }
    }

    /// What Redis does not take is not kept; the outage itself is said of the looks.
    private func record(_ recording: DecisionRecording) async {
        let records = recording.pools.map { DecisionRecord($0.decision, at: recording.time, isDone: $0.isDone) }
        for record in records {
            logger.debug("Decided", metadata: [LogKeys.pool: "\(record.pool)", LogKeys.reason: "\(record.reason)"])
        }
        do {
            guard let store else {
                for record in records { try await observer.record(decision: record.json) }
                return
            }
            let hash = try await kept(recording.policy, in: store)
            try await store.append(
                RecordedLook(
                    time: recording.observation.time, policy: hash,
                    observation: RecordedJSON.text(recording.observation), state: RecordedJSON.text(recording.state),
                    decisions: records.map(\.json)))
        } catch {
            keptPolicy = nil
            logger.debug("A decision was not recorded", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    /// The hash of the policy; it is written when it differs from the last one.
    private func kept(_ policy: Policy, in store: any OperatorStore) async throws(QueueError) -> String {
        if let keptPolicy, keptPolicy.policy == policy { return keptPolicy.hash }
        let hash = try await store.keep(policy: RecordedJSON.text(policy))
        keptPolicy = (policy, hash)
        return hash
    }
}
