import Inference
import Jobs
import Logging
import Observability
import ServiceLifecycle
import Settings
import Synchronization
import Time
import Clocks
import WorkerCore

/// How a worker leaves.
extension WorkerService {
    /// Drains, gives back, leaves.
    func end(_ served: [ServedModel], _ keeper: LeaseKeeper) async throws {
        let end = steady.now() + configuration.pool.drainTimeout
        for model in served { model.taker.stop() }
        for model in served { model.runner.drain() }
        let isDrained = await finishRuns(served, until: end)
        if let hungRun = state.withLock({ $0.hungRun }) {
            if state.withLock({ $0.isHungJobKnown }) {
                // What runs beside it goes back unharmed.
                for model in served { model.runner.abandon() }
                await finishTakes()
                for model in served { model.runner.abandon() }
            }
            _ = await within(configuration.lastWrites, clock: clock) { await self.writer.flush() }
            // Else the lease is not given up: the job that hangs must count as a crash, which the reaper sees to.
            if state.withLock({ $0.isHungJobKnown }) { await leave(keeper) }
            throw hungRun
        }
        if !isDrained {
            for model in served { model.runner.abandon() }
            await finishTakes()
            // What a last take brought before it saw that it was to stop.
            for model in served { model.runner.abandon() }
        }
        let isWritten = await flush(until: end) { keeper.isFailing && self.writer.isFailing }
        await leave(keeper)
        for model in served where isDrained { await model.model.unload() }
        guard isDrained, isWritten else {
            throw WorkerError(
                .cutShort,
                "worker \(configuration.id) did not finish within its drain time-out or was told twice to stop; "
                    + "its jobs were given back")
        }
        guard state.withLock({ $0.loadsUnderWay }) == 0 else {
            throw WorkerError(
                .stoppedLoading, "worker \(configuration.id) was told to stop while it loaded a model")
        }
    }

    /// Waits until the last take is in and nothing runs, at most the drain time-out.
    /// - Returns: whether everything ended in time.
    func finishRuns(_ served: [ServedModel], until end: Timestamp) async -> Bool {
        while true {
            let (stage, takers, hungRun) = state.withLock { ($0.stage, $0.runningTakers, $0.hungRun) }
            if takers == 0 {
                // What the last take brought after the first drain.
                for model in served { model.runner.drain() }
                if served.allSatisfy({ $0.runner.isDone }) { return true }
            }
            let left = end - steady.now()
            guard stage < .cutShort, hungRun == nil, left > .zero else { return false }
            await progress.wait(atMost: left, clock: clock)
        }
    }

    /// Waits until no take is under way, since what it brings after the worker has left would count as lost in a
    /// crash. A take ends by itself when its patience is over.
    func finishTakes() async {
        let end = steady.now() + configuration.patience + configuration.lastWrites
        while state.withLock({ $0.runningTakers > 0 }) {
            let left = end - steady.now()
            guard left > .zero else { return }
            await progress.wait(atMost: left, clock: clock)
        }
    }

    /// Waits until everything is written: until `end`, and in any case for as long as last writes may take; no longer than
    /// that while the queue is away, since others get the jobs once the lease is over. A second request to stop leaves it
    /// that long from then on.
    /// - Returns: whether everything was written in time.
    func flush(until end: Timestamp, isAway: @escaping @Sendable () -> Bool) async -> Bool {
        let least = steady.now() + configuration.lastWrites
        let end = max(end, least)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.writer.flush()
                return true
            }
            group.addTask {
                while self.stage < .cutShort, !Task.isCancelled {
                    let left = (isAway() ? least : end) - self.steady.now()
                    guard left > .zero else { return false }
                    // The writer says nothing when the queue goes away.
                    await self.stageChanged.wait(
                        atMost: min(left, self.configuration.lastWrites / 4), clock: self.clock)
                }
                // Cancelled when everything is written.
                try? await self.clock.sleep(for: self.configuration.lastWrites)
                return false
            }
            let isWritten = await group.next() ?? false
            group.cancelAll()
            return isWritten
        }
    }

    func leave(_ keeper: LeaseKeeper) async {
        // While the queue is away a moment must do; its lease runs out, and its jobs go to others then.
        await keeper.stop(within: min(.milliseconds(600), configuration.lastWrites))
        let limit = keeper.isFailing ? min(.milliseconds(300), configuration.lastWrites) : configuration.lastWrites
        await forgetLoads(within: limit)
        let isDone = await within(limit, clock: clock) {
            var backoff = Backoff()
            while !Task.isCancelled {
                do {
                    return try await self.queue.leave()
                } catch {
                    // Cancellation ends the wait and then the loop.
                    try? await self.clock.sleep(for: backoff.failed())
                }
            }
        }
        if !isDone { logger.error("Could not leave; the lease will run out", metadata: [:]) }
    }

    /// What it did not finish loading was no death.
    private func forgetLoads(within limit: Duration) async {
        guard let loads, state.withLock({ $0.loadsUnderWay > 0 || !$0.conditions.areLoaded })
        else { return }
        let queues = state.withLock { $0.conditions.queues }
        _ = await within(limit, clock: clock) {
            await self.note("Loads were not noted as given up") { _ throws(QueueError) in
                for queue in queues {
                    try await loads.end(queue, at: self.configuration.id)
                    try await loads.endTurn(queue, in: self.configuration.pool.name, at: self.configuration.id)
                }
            }
        }
    }
}
