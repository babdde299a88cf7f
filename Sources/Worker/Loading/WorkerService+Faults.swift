import Inference
import Jobs
import Logging
import Observability
import Settings
import Synchronization
import Time
import Clocks
import WorkerCore

/// Models that cannot be loaded: what is noted of them, and when they are tried again.
extension WorkerService {
    enum LoadFailure {
        case overdue(Duration)
        case error(String, isNew: Bool)
    }

    /// A fault, and whether it stands on the board.
    struct NotedFault {
        var fault: ServingFault
        var isOnBoard: Bool
    }

    /// How often a failed model's files are looked at.
    private static let look = Duration.seconds(5)

    func makePlan(_ wanted: [(settings: ModelSettings, queue: QueueName)]) async -> LoadPlan {
        var faults = ServingFaults()
        await note("What workers before this one noted was not read") { board throws(QueueError) in
            try await self.noteDeaths(on: board)
            faults = try await board.faults()
        }
        return LoadPlan(
            of: wanted.map { ($0.queue, stamp($0.settings)) }, pool: configuration.pool.name, faults: faults,
            at: time.now())
    }

    /// Loads that their workers did not survive.
    private func noteDeaths(on board: any LoadBoard) async throws(QueueError) {
        for lost in try await board.lost() {
            let fault = LoadPlan.fault(of: lost, at: time.now())
            logger.error(
                "A worker died while it loaded a model",
                metadata: [LogKeys.modelName: "\(lost.load.queue)", LogKeys.reason: "\(fault.reason)"])
            try await board.put(fault)
        }
    }

    func leaveOut(_ queue: QueueName, _ fault: ServingFault) async {
        logger.error(
            "A model is left out",
            metadata: [LogKeys.modelName: "\(queue.model)", LogKeys.reason: "\(fault.reason)"])
        await refresh(fault)
        change { $0.conditions[queue] = .failed(reason: fault.reason, isOverdue: false) }
    }

    /// Notes that a load failed.
    @discardableResult
    func fail(
        _ queue: QueueName, _ settings: ModelSettings, _ attempt: LoadAttempt, _ failure: LoadFailure
    ) async -> NotedFault {
        let now = time.now()
        let (reason, isOverdue, isNew) =
            switch failure {
            case .overdue(let bound):
                (
                    "it was not loaded and warmed within \(bound.text) (load_timeout in its model.yaml)",
                    true, true
                )
            case .error(let text, let isNew): (text, false, isNew)
            }
        var fault = ServingFault(
            .load, pool: configuration.pool.name, queue: queue.description, reason: reason, since: now, until: now,
            stamp: attempt.stamp, worker: configuration.id
        ).following(nil)
        guard isNew else { return NotedFault(fault: fault, isOnBoard: false) }
        var isOnBoard = false
        logger.error(
            "A model cannot be served",
            metadata: [LogKeys.modelName: "\(settings.name)", LogKeys.reason: "\(reason)"])
        await note("A load's failure was not noted") { board throws(QueueError) in
            // Still under way: should the worker die, it is this load's doing.
            if !isOverdue { try await board.end(queue, at: self.configuration.id) }
            let before = try await board.faults().all.first {
                $0.kind == .load && $0.pool == fault.pool && $0.queue == fault.queue && $0.stamp == fault.stamp
            }
            fault = fault.following(before)
            try await board.put(fault)
            isOnBoard = true
        }
        change { $0.conditions[queue] = .failed(reason: reason, isOverdue: isOverdue) }
        return NotedFault(fault: fault, isOnBoard: isOnBoard)
    }

    /// Returns when the model is to be tried again: its time has come, its files changed, or somebody took the fault off;
    /// and when cancelled. A model that workers died with has no time of its own: it stays noted for as long as a worker is
    /// there that left it out; and to try it again takes the turn, which the caller gives back (`endTurn`).
    func waitToRetry(_ settings: ModelSettings, _ queue: QueueName, after noted: NotedFault) async {
        let changed = Signal()
        await withDiscardingTaskGroup { group in
            if let loads { group.addTask { await loads.watch { changed.raise() } } }
            var watch = FaultWatch(after: noted.fault, isOnBoard: noted.isOnBoard, at: time.now())
            var isOver = false
            while !isOver, !Task.isCancelled, stage < .draining {
                await changed.wait(atMost: Self.look, clock: clock)
                let (now, current) = (time.now(), stamp(settings))
                switch watch.look(stamp: current, isOnBoard: await isNoted(watch.fault), at: now) {
                case .wait: break
                case .refresh: await refresh(watch.fault)
                case .tryAgain: isOver = true
                case .askForTurn:
                    switch await turn(settings, queue, stamp: current) {
                    case .taken: isOver = true
                    case .anothers: break
                    case .deadly(let known): watch.learned(known, at: now)
                    }
                }
            }
            group.cancelAll()
        }
    }

    private enum Turn {
        case taken
        case anothers
        /// Workers died with these very files too.
        case deadly(ServingFault)
    }

    private func turn(_ settings: ModelSettings, _ queue: QueueName, stamp: String) async -> Turn {
        guard let loads else { return .taken }
        do {
            try await noteDeaths(on: loads)
            let pool = configuration.pool.name
            let known = try await loads.faults().all.first {
                $0.kind == .deaths && $0.pool == pool && $0.queue == queue.description && $0.stamp == stamp
            }
            if let known { return .deadly(known) }
            let life = mended(settings, queue).loadBound(least: configuration.loadingBound) + Self.look
            return try await loads.takeTurn(queue, in: pool, at: configuration.id, for: life) ? .taken : .anothers
        } catch {
            // Who cannot ask does not risk the worker.
            return .anothers
        }
    }

    func endTurn(_ queue: QueueName) async {
        await note("The turn to load a model was not given back") { board throws(QueueError) in
            try await board.endTurn(queue, in: self.configuration.pool.name, at: self.configuration.id)
        }
    }

    /// `nil`: it is not known.
    private func isNoted(_ fault: ServingFault) async -> Bool? {
        guard let loads else { return nil }
        do {
            return try await loads.faults().all.contains { $0.pool == fault.pool && $0.queue == fault.queue }
        } catch {
            return nil
        }
    }

    private func refresh(_ fault: ServingFault) async {
        var fault = fault
        fault.until = time.now() + LoadPlan.leftOutFor
        await note("A model that is left out was not noted") { [fault] board throws(QueueError) in
            try await board.put(fault)
        }
    }

    /// Writes to the board. What cannot be written does not keep a model from being served.
    func note(
        _ problem: Logger.Message, _ body: (any LoadBoard) async throws(QueueError) -> Void
    ) async {
        guard let loads else { return }
        do {
            try await body(loads)
        } catch {
            logger.warning(problem, metadata: [LogKeys.reason: "\(error)"])
        }
    }
}
