import ScalerCore
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
        // Each waits for another place, which may stand still; none waits for the others.
        await withDiscardingTaskGroup { group in
            for pool in decision.pools where pool.starts > 0 || pool.drains > 0 || mustRepeat(pool) {
                group.addTask { await self.scale(pool) }
            }
        }
    }

    /// Whether the order stands for 5 s and its workers are not seen: somebody else may have set the count since.
    func mustRepeat(_ decision: PoolDecision) -> Bool {
        let now = time.now()
        guard fleet.awaits(in: decision.pool), now - (ordered[decision.pool] ?? .zero) >= .seconds(5) else {
            return false
        }
        let isPaused = configuration.pools.contains { $0.name == decision.pool && $0.isPaused }
        return !isPaused && control.pause(of: decision.pool, at: now) == nil
    }

    /// Where a count is the order: as many as there are and are to start, less those that may go.
    func scale(_ decision: PoolDecision) async {
        guard let pool = configuration.pools.first(where: { $0.name == decision.pool }),
            let driver = drivers[pool.driver], driver.ordering == .byCount, leads
        else { return }
        ordered[pool.name] = time.now()
        let figures = decision.figures
        let protected = control.workers(.protect, at: time.now())
        let idle = fleet.idle(in: pool.name, upTo: decision.drains, of: .oursOrInPods, protected: protected)
        // Who ends is chosen elsewhere: as many go as can be named. One that is frozen is still counted there.
        let silent = fleet.silent.count { fleet.members[$0]?.pool == pool.name }
        let count = figures.starting + figures.busy + figures.idle + silent + decision.starts - idle.count
        do {
            let change = try await driver.scale(PoolPlace(pool), to: count, idle: idle, authority: authority)
            // Also where it was set before: what is not seen is on its way, whoever ordered it.
            if decision.drains == 0 { fleet.noteCount(min(count, change.now), of: pool.name, at: time.now()) }
            guard change.now != change.before else { return }
            logger.info(
                change.now > change.before ? "Scale out" : "Scale in",
                metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(decision.reason)"])
            let started = max(change.now - change.before, 0)
            for _ in 0..<started { usageMeter.noteStart(in: pool.name) }
            series.starts(pool: pool.name).increment(by: started)
        } catch {
            if decision.starts > 0, error.code != .deposed {
                fleet.noteFailedStart(in: pool.name)
                series.startFailures(pool: pool.name).increment()
            }
            logger.error(
                "The number of workers cannot be set",
                metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(error)"])
        }
    }

    /// How long this scaler may act; a minute where there is no other.
    private var authority: @Sendable () -> Duration? {
        { [leadership] in leadership.map { $0.remaining() } ?? .seconds(60) }
    }

    /// What a count ordered and nobody saw within the start limit is a failed start each, and is not ordered any more: it
    /// would come at any time, long after others took its work.
    func giveUpOrders(at now: Timestamp) async {
        guard leads else { return fleet.forgetOrders() }
        let limits = Dictionary(
            configuration.pools.map { ($0.name, startLimit(of: $0.name)) }, uniquingKeysWith: { first, _ in first })
        for (name, count) in fleet.giveUpOrders(at: now, limits: limits) {
            series.startFailures(pool: name).increment(by: count)
            guard let pool = configuration.pools.first(where: { $0.name == name }),
                let driver = drivers[pool.driver], driver.ordering == .byCount
            else { continue }
            let metadata: Logger.Metadata = [LogKeys.pool: "\(name)", LogKeys.batchSize: "\(count)"]
            logger.error("Workers were ordered and never came; does a quota refuse them?", metadata: metadata)
            let seen = fleet.observation(of: name, unavailable: nil, at: now)
            do {
                _ = try await driver.scale(
                    PoolPlace(pool), to: seen.starting.count + seen.ready, idle: [], authority: authority)
            } catch {
                // The next order sets the count, whatever it is.
                logger.debug(
                    "The number of workers was not lowered",
                    metadata: [LogKeys.pool: "\(name)", LogKeys.reason: "\(error)"])
            }
        }
    }

    func start(_ decision: PoolDecision) async {
        guard let (pool, driver) = managed(decision.pool) else { return }
        logger.info(
            "Scale out", metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(decision.reason)"])
        for _ in 0..<decision.starts {
            guard !isStopping, leads else { return }
            let ordered = time.now()
            do {
                let worker = try await driver.start(in: PoolPlace(pool))
                fleet.noteStart(worker, in: pool.name, at: ordered)
                usageMeter.noteStart(in: pool.name)
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
    func drain(_ decision: PoolDecision) async {
        guard let (pool, driver) = managed(decision.pool) else { return }
        let protected = control.workers(.protect, at: time.now())
        let workers = fleet.idle(in: pool.name, upTo: decision.drains, protected: protected)
        guard !workers.isEmpty else { return }
        logger.info("Scale in", metadata: [LogKeys.pool: "\(pool.name)", LogKeys.reason: "\(decision.reason)"])
        for worker in workers { fleet.noteLeaving(worker) }
        for worker in workers { await driver.drain(worker) }
    }

    /// A scaler that does not lead any more keeps its workers at work until another is seen to decide; then they leave step
    /// by step.
    func drain(_ count: Int, of pool: String) async {
        let own = fleet.members.filter { $0.value.isOurs && $0.value.pool == pool && $0.value.phase == .ready }
        // Idle ones first; a busy one finishes what it holds.
        let order = own.sorted {
            ($0.value.isIdle ? 0 : 1, $0.value.lastActive, $0.key) < (
                $1.value.isIdle ? 0 : 1, $1.value.lastActive, $1.key
            )
        }
        for (worker, _) in order.prefix(count) {
            fleet.noteLeaving(worker)
            await askToDrain(worker, of: pool)
        }
    }

    /// Whether decisions for the pool are carried out.
    func isActedOn(_ pool: String) -> Bool {
        guard !configuration.isDryRun else { return false }
        return ordering(of: pool) != .observed
    }

    /// The pool and the driver that starts and ends its workers one by one; `nil` where a count is the order, and where
    /// they are somebody else's.
    func managed(_ name: String) -> (PoolSettings, any PoolDriver)? {
        guard let pool = configuration.pools.first(where: { $0.name == name }), let driver = drivers[pool.driver],
            driver.ordering.isOneByOne
        else { return nil }
        return (pool, driver)
    }

    /// A pool whose driver is missing is only observed.
    func ordering(of pool: String) -> WorkerOrdering { driver(of: pool)?.ordering ?? .observed }

    func askToDrain(_ worker: String, of pool: String) async {
        guard let (_, driver) = managed(pool) else { return }
        await driver.drain(worker)
    }

    func driver(of pool: String) -> (any PoolDriver)? {
        configuration.pools.first { $0.name == pool }.flatMap { drivers[$0.driver] }
    }

    /// The longest that a worker of the pool may take until it is ready.
    func startLimit(of name: String) -> Duration {
        let assumed = configuration.pools.first { $0.name == name }?.startUpTime ?? .zero
        return max(configuration.startLimit, (fleet.pools[name]?.startUps.measured?.slow ?? assumed) * 10)
    }

    /// The longest that loading may take in the pool, by the bounds of its models: those that a worker died with are loaded one
    /// after the other.
    func loadLimit(of name: String) -> Duration {
        configuration.models.filter { $0.pools.contains(name) }.reduce(.zero) { $0 + $1.loadBound() }
    }

    /// Ends what takes too long: workers that hang, and orders that nobody came for.
    func killHung() async {
        let now = time.now()
        await giveUpOrders(at: now)
        guard let readable = sight.readableSince, sight.read == sight.looked else { return }
        let hung = fleet.hung(
            at: now, readable: readable, startLimit: { startLimit(of: $0) }, loadLimit: { loadLimit(of: $0) },
            silence: configuration.silenceLimit)
        // Beside each other: what does not answer holds up one of them, not all.
        await withDiscardingTaskGroup { group in
            for worker in hung { group.addTask { await self.end(hung: worker) } }
        }
    }

    func end(hung worker: String) async {
        guard let member = fleet.members[worker], let driver = driver(of: member.pool) else { return }
        // Pods and containers are the leader's business; children only their parent can end.
        guard leads || isChild(worker) else { return }
        logger.error(
            "A worker hangs and is killed",
            metadata: [
                LogKeys.workerID: "\(worker)", LogKeys.pool: "\(member.pool)",
                LogKeys.reason: "\(member.phase.rawValue) without a report for too long",
            ])
        await driver.kill(worker)
    }
}
