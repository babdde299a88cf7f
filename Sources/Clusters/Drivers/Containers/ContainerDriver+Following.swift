import ScalerCore
import Logging
import Observability
import Synchronization
import Time

extension ContainerDriver {
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { await self.lookAgainRepeatedly() }
            // Ends when the task is cancelled.
            for await work in self.work { group.addTask { await self.perform(work) } }
            group.cancelAll()
        }
    }

    private func perform(_ work: Work) async {
        switch work {
        case .grace(let worker, let grace):
            // The only error is the cancellation; then the engine's own stop or the next scaler ends it.
            do { try await clock.sleep(for: grace, tolerance: nil) } catch { return }
            await kill(worker)
        case .settle(let container): await settle(container)
        }
    }

    // MARK: Events

    private func follow() async {
        var pause = Backoff.controlPlane
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let end = await followOnce()
            guard !Task.isCancelled else { return }
            if end.wasFollowing { pause.succeeded() }
            note(problem: end.problem)
            engine.forget()
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: pause.failed(using: &generator), tolerance: nil)
        }
    }

    /// Opens the events, then takes a list, then reads the events: nothing is lost between.
    private func followOnce() async -> (wasFollowing: Bool, problem: String?) {
        var wasFollowing = false
        do {
            let lines = try await engine.events(cluster: cluster)
            try await look()
            wasFollowing = true
            note(problem: nil)
            try await lookForDevices()
            try await lines.forEach { line in
                self.note(line)
                return .goOn
            }
            return (true, nil)
        } catch {
            return (wasFollowing, "\(error)")
        }
    }

    private func note(_ line: [UInt8]) {
        guard let event = JSONBody.decode(EngineValues.Event.self, from: line), let container = event.container else {
            return
        }
        // `died` and `remove` are podman's own words.
        switch event.action {
        case "die", "died", "destroy", "remove": workLine.yield(.settle(container: container))
        default: break
        }
    }

    private func note(problem: String?) {
        let words = problem.map { "no container engine answers on \(engine.socket): \($0)" }
        let before = state.withLock { state in
            defer { state.health.engine = words }
            return state.health.engine
        }
        switch (before, words) {
        case (nil, let words?):
            logger.error("The container engine is away; it is asked again", metadata: [LogKeys.reason: "\(words)"])
        case (_?, nil): logger.info("The container engine answers again")
        default: break
        }
    }

    // MARK: Lists

    /// Every ten seconds: for what an event left out, and for images that came or went.
    private func lookAgainRepeatedly() async {
        while !Task.isCancelled {
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: .seconds(10), tolerance: nil)
            guard !Task.isCancelled, state.withLock({ $0.health.engine }) == nil else { continue }
            do {
                try await look()
            } catch {
                logger.debug("The containers were not listed", metadata: [LogKeys.reason: "\(error)"])
            }
        }
    }

    private func look() async throws(EngineError) {
        try await reconcile()
        var images: [String: String] = [:]
        for (name, pool) in pools where try await !engine.hasImage(pool.image) {
            images[name] = "the engine has no image \(pool.image); build it or pull it there"
        }
        state.withLock { $0.health.images = images }
    }

    /// Once for each connection: an engine takes up to a second for this, and its devices do not change while it runs.
    private func lookForDevices() async throws(EngineError) {
        let facts = try await engine.facts()
        let gpus = EngineHealth.gpuProblem(facts, probe: DeviceProbe())
        state.withLock { $0.health.gpus = gpus }
    }

    /// Brings the ledger and the engine's list together.
    private func reconcile() async throws(EngineError) {
        var running: Set<String> = []
        for listed in try await engine.list(cluster: cluster) {
            guard let container = listed.Id, let worker = listed.Labels?[EngineLabels.worker],
                let pool = listed.Labels?[EngineLabels.pool]
            else { continue }
            let found = Found(
                worker: worker, pool: pool, container: container,
                grace: listed.Labels?[EngineLabels.grace].flatMap { Int($0) }.map { .seconds($0) })
            if Self.runs(listed.State) {
                running.insert(container)
                await adopt(found)
            } else {
                await clear(found)
            }
        }
        for container in state.withLock({ $0.ledger.missing(from: running) }) {
            workLine.yield(.settle(container: container))
        }
        for (container, signal) in state.withLock({ $0.ledger.owed }) { await send(signal, to: container) }
    }

    private struct Found {
        var worker: String
        var pool: String
        var container: String
        var grace: Duration?
    }

    private static func runs(_ state: String?) -> Bool {
        switch state {
        case "running", "paused", "restarting", "stopping", "removing": true
        default: false
        }
    }

    private func adopt(_ found: Found) async {
        let isNew = state.withLock {
            $0.ledger.adopt(
                found.worker, in: found.pool, container: found.container, grace: found.grace ?? .seconds(35))
        }
        guard isNew else { return }
        logger.notice(
            "A worker of an earlier scaler goes on",
            metadata: [LogKeys.workerID: "\(found.worker)", LogKeys.pool: "\(found.pool)"])
        report.yield(.started(worker: found.worker, pool: found.pool))
        // Nobody wants workers of a pool that is no more.
        if pools[found.pool] == nil, inherits() { await drain(found.worker) }
    }

    /// A container that does not run: one of ours whose end was missed, or what an earlier scaler left.
    private func clear(_ found: Found) async {
        guard inherits(), state.withLock({ $0.ledger.entries[found.worker] }) == nil else { return }
        report.yield(.started(worker: found.worker, pool: found.pool))
        // Not reachable: the next list finds it again.
        let ending = try? await engine.inspect(found.container)
        tellEnd(of: found.worker, in: found.pool, ending)
        await remove(found.container)
    }

    // MARK: Ends

    /// Tells the end of a container and removes it.
    ///
    /// podman tells a death a moment before its own record of the container shows it.
    private func settle(_ container: String) async {
        guard state.withLock({ $0.ledger.beginSettling(container) }) else { return }
        var ending: EngineValues.Inspected.Inner?
        do {
            ending = try await ended(container)
        } catch {
            // The list after the break finds it again.
            state.withLock { $0.ledger.stopSettling(container) }
            return
        }
        if ending?.Running == true {
            state.withLock { $0.ledger.stopSettling(container) }
            return
        }
        guard let (worker, entry) = state.withLock({ $0.ledger.settle(container) }) else { return }
        tellEnd(of: worker, in: entry.pool, ending)
        await remove(container)
    }

    private func ended(_ container: String) async throws(EngineError) -> EngineValues.Inspected.Inner? {
        var ending = try await engine.inspect(container)
        for _ in 0..<40 where ending?.Running == true && !Task.isCancelled {
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: .milliseconds(25), tolerance: nil)
            ending = try await engine.inspect(container)
        }
        return ending
    }

    private func tellEnd(of worker: String, in pool: String, _ ending: EngineValues.Inspected.Inner?) {
        let (reason, isFailure) = Self.words(ending)
        report.yield(.exited(worker: worker, pool: pool, reason: reason, isFailure: isFailure))
    }

    static func words(_ ending: EngineValues.Inspected.Inner?) -> (reason: String, isFailure: Bool) {
        guard let ending else { return ("its container is gone", true) }
        if ending.OOMKilled == true { return ("it used more memory than its pool allows and was killed", true) }
        guard let code = ending.ExitCode else { return ("its container stopped", true) }
        let exit = ProcessExit(shell: code)
        let error = ending.Error.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
        return (exit.description + error, !exit.isSuccess)
    }

    /// Also when the driver is being ended: what ended is not left behind.
    private func remove(_ container: String) async {
        // Not a child of this task, which may be cancelled; bounded by the time-out of the call.
        let failure = await Task { [engine] in await engine.removal(of: container) }.value
        guard let failure else { return }
        logger.warning(
            "A container that ended was not removed; the next list tries again",
            metadata: [LogKeys.reason: "\(failure)"])
    }
}

extension ContainerEngine {
    /// - Returns: why it failed; `nil` when the container is gone.
    func removal(of container: String) async -> EngineError? {
        do {
            try await remove(container)
            return nil
        } catch {
            return error
        }
    }
}
