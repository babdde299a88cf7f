import Clusters
import Jobs
import Logging
import Observability
import Scaling
import Settings
import Time

extension ScalerService {
    /// Starts and drains what the decision asks for. Starts come first: somebody waits for them.
    func act(on decision: Decision) async {
        for pool in decision.pools where pool.starts > 0 { await start(pool) }
        for pool in decision.pools where pool.drains > 0 { await drain(pool) }
    }

    private func start(_ decision: PoolDecision) async {
        guard let (pool, driver) = managed(decision.pool) else { return }
        logger.info(
            "Scale out", metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(decision.reason)"])
        for _ in 0..<decision.starts {
            guard !isStopping else { return }
            let ordered = time.now()
            do {
                let worker = try await driver.start(in: pool)
                fleet.noteStart(worker, in: pool.name, at: ordered)
                series.starts(pool: pool.name).increment()
            } catch {
                // The rest would fail in the same way; the policy backs off.
                fleet.noteFailedStart(in: pool.name)
                series.startFailures(pool: pool.name).increment()
                logger.error(
                    "A worker cannot be started",
                    metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(error)"])
                return
            }
        }
    }

    /// Drains idle workers. One that took work since its last report finishes it: draining never stops a run.
    private func drain(_ decision: PoolDecision) async {
        guard let (pool, driver) = managed(decision.pool) else { return }
        let workers = fleet.idle(in: pool.name, upTo: decision.drains)
        guard !workers.isEmpty else { return }
        logger.info("Scale in", metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(decision.reason)"])
        for worker in workers { fleet.noteLeaving(worker) }
        for worker in workers { await driver.drain(worker) }
    }

    /// Whether decisions for the pool are carried out.
    func isActedOn(_ pool: String) -> Bool { !configuration.isDryRun && managed(pool) != nil }

    /// The pool and its driver, unless its workers are somebody else's.
    private func managed(_ name: String) -> (PoolSettings, any WorkerDriver)? {
        guard let pool = configuration.pools.first(where: { $0.name == name }), let driver = drivers[pool.driver]
        else { return nil }
        return switch pool.driver {
        case .process: (pool, driver)
        case .external: nil
        }
    }

    func killHung() async {
        let now = time.now()
        guard let readable = sight.readableSince, sight.read == sight.looked else { return }
        let hung = fleet.hung(
            at: now, readable: readable,
            startLimit: { [fleet, configuration] name in
                let assumed = configuration.pools.first { $0.name == name }?.startUpTime ?? .zero
                return max(configuration.startLimit, (fleet.pools[name]?.startUps.measured?.slow ?? assumed) * 10)
            }, silence: configuration.silenceLimit)
        for worker in hung {
            guard let member = fleet.members[worker], let (_, driver) = managed(member.pool) else { continue }
            logger.error(
                "A worker hangs and is killed",
                metadata: [
                    LogKeys.workerID: "\(worker)", LogKeys.pool: "\(member.pool)",
                    LogKeys.reason: "\(member.phase.rawValue) without a report for too long",
                ])
            await driver.kill(worker)
        }
    }

    // MARK: Ends

    /// Gives the jobs of a worker that ended back to the queue, and decides anew.
    package func noteEnd(of worker: String, in pool: String, reason: String, isFailure: Bool) async {
        let ending = fleet.noteEnd(worker)
        let metadata: Logger.Metadata = [
            LogKeys.workerID: "\(worker)", LogKeys.pool: "\(pool)", LogKeys.reason: "\(reason)",
        ]
        switch ending {
        case .left where !isFailure: logger.info("A worker left", metadata: metadata)
        case .left, .died: logger.error("A worker died; its jobs go to others", metadata: metadata)
        case .failedToStart:
            series.startFailures(pool: pool).increment()
            logger.error("A worker ended before it was ready", metadata: metadata)
        case .unknown: break
        }
        unreaped[worker] = pool
        await reap(worker, in: pool)
        self.ending.raise()
        wake.raise()
    }

    private func reap(_ worker: String, in pool: String) async {
        do {
            for queue in configuration.queues(of: pool) {
                let jobs = try await observer.reap(worker, from: [queue])
                guard jobs > 0 else { continue }
                series.reapedJobs(model: queue.model).increment(by: jobs)
                logger.notice(
                    "Jobs of a worker that ended are back in the queue",
                    metadata: [
                        LogKeys.workerID: "\(worker)", LogKeys.modelName: "\(queue.model)",
                        LogKeys.batchSize: "\(jobs)",
                    ])
            }
            unreaped[worker] = nil
        } catch {
            logger.error(
                "The jobs of a worker that ended cannot be given back yet; tried again every second",
                metadata: [LogKeys.workerID: "\(worker)", LogKeys.reason: "\(error)"])
        }
    }

    /// Gives back what belongs to workers without a lease, and makes due jobs takable.
    package func reapExpired() async {
        for (worker, pool) in unreaped { await reap(worker, in: pool) }
        do {
            let reaped = try await observer.reapExpired(from: configuration.queues)
            if !reaped.isEmpty { wake.raise() }
        } catch {
            // `observe` says that the queue is away; here it would be said every second.
            logger.debug("Leases were not looked at", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    // MARK: Shutdown

    /// Drains every worker that it started and waits for their ends; kills those that stay.
    func drainAll() async {
        isStopping = true
        let workers = fleet.ours
        guard !workers.isEmpty else { return }
        logger.info("The scaler stops and drains its workers", metadata: [LogKeys.batchSize: "\(workers.count)"])
        for worker in workers { await drain(worker) }
        let longest = configuration.pools.map(\.drainTimeout).max() ?? .zero
        await waitForEnds(atMost: longest + .seconds(5))
        let stayed = fleet.ours
        guard !stayed.isEmpty else { return }
        logger.error("Workers did not leave in time and are killed", metadata: [LogKeys.batchSize: "\(stayed.count)"])
        for worker in stayed {
            guard let member = fleet.members[worker], let (_, driver) = managed(member.pool) else { continue }
            await driver.kill(worker)
        }
        await waitForEnds(atMost: .seconds(2))
    }

    private func drain(_ worker: String) async {
        guard let member = fleet.members[worker], let (_, driver) = managed(member.pool) else { return }
        fleet.noteLeaving(worker)
        await driver.drain(worker)
    }

    private func waitForEnds(atMost limit: Duration) async {
        let deadline = Deadline(limit, on: clock)
        while !fleet.ours.isEmpty, !Task.isCancelled {
            let remaining = deadline.remaining
            guard remaining > .zero else { return }
            await ending.wait(atMost: remaining, clock: clock)
        }
    }
}

/// A moment on a clock whose instants are not known.
private struct Deadline {
    private let remainingTime: () -> Duration

    init(_ limit: Duration, on clock: some Clock<Duration>) {
        let end = clock.now.advanced(by: limit)
        remainingTime = { clock.now.duration(to: end) }
    }

    var remaining: Duration { remainingTime() }
}
