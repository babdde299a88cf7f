import Settings
package import Logging
import Observability
package import ScalerCore
import Synchronization

/// Workers as containers of a Docker Engine, or of podman's compatible API, on a unix socket.
///
/// A container is made for each worker and removed when it has ended; the engine never restarts one. Labels tell whose
/// it is: a scaler that starts after a crash finds the containers of its forerunner and keeps them working. Deaths come
/// by the engine's events; a list, taken after each break and every ten seconds, finds what the events left out.
///
/// Whoever may write to the engine's socket is root on that machine: this driver is an explicit choice.
package final class ContainerDriver: PoolDriver {
    package let ordering = WorkerOrdering.oneByOne(.leader)
    package let events: AsyncStream<WorkerEvent>

    let engine: ContainerEngine
    let cluster: String
    let pools: [String: ContainerPool]
    let clock: any Clock<Duration>
    let logger: Logger
    let state = Mutex(State())
    /// Not bounded by itself: two events for each worker, and pools bound the workers.
    let report: AsyncStream<WorkerEvent>.Continuation
    let work: AsyncStream<Work>
    let workLine: AsyncStream<Work>.Continuation
    private let arguments: @Sendable (PoolPlace, String) -> [String]
    private let killMargin: Duration
    private let makeID: @Sendable (PoolPlace) -> String
    /// Whether what another scaler left may be ended and removed now.
    let inherits: @Sendable () -> Bool

    struct State: Sendable {
        var ledger = ContainerLedger()
        var health = EngineHealth()
    }

    /// What `run` does beside following the events.
    enum Work: Sendable {
        /// Kill the worker when its grace is over.
        case grace(worker: String, Duration)
        /// Look how a container ended.
        case settle(container: String)
    }

    /// - Parameters:
    ///   - socket: the engine's unix socket.
    ///   - cluster: value of the label by which containers are known again; two clusters on one engine need two.
    ///   - pools: what the containers of each pool are made from, by the pool's name.
    ///   - killMargin: beyond the pool's drain time-out, before a worker is killed.
    ///   - makeID: a new worker id; default the pool's name and 64 random bits.
    ///   - inherits: whether what an earlier scaler left may be ended and removed now; not while another one leads.
    ///   - arguments: what follows the image's entry point in the command line of a worker.
    /// - Throws: when the socket cannot be used at all; an engine that is not there yet is no error.
    package init(
        socket: String = "/var/run/docker.sock", cluster: String = "spate", pools: [String: ContainerPool],
        killMargin: Duration = .seconds(5), clock: any Clock<Duration> = ContinuousClock(), logger: Logger,
        makeID: @escaping @Sendable (PoolPlace) -> String = { "\($0.name)-\(ProcessDriver.randomHex())" },
        inherits: @escaping @Sendable () -> Bool = { true },
        arguments: @escaping @Sendable (_ pool: PoolPlace, _ worker: String) -> [String]
    ) throws(HTTPFailure) {
        engine = try ContainerEngine(socket: socket)
        self.cluster = cluster
        self.pools = pools
        self.killMargin = killMargin
        self.clock = clock
        self.logger = logger
        self.makeID = makeID
        self.inherits = inherits
        self.arguments = arguments
        (events, report) = AsyncStream.makeStream(of: WorkerEvent.self, bufferingPolicy: .unbounded)
        (work, workLine) = AsyncStream.makeStream(of: Work.self, bufferingPolicy: .unbounded)
    }

    deinit {
        report.finish()
        workLine.finish()
    }

    package func unavailability(of pool: PoolPlace) -> Unavailability? {
        guard pools[pool.name] != nil else {
            return Unavailability("pool \(pool.name) does not say which image its containers have", .untilRestart)
        }
        return state.withLock { $0.health.problem(of: pool) }.map { Unavailability($0, .passing) }
    }

    // MARK: Start

    package func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String {
        guard let made = pools[pool.name] else {
            throw WorkerDriverError(.unavailable, unavailability(of: pool)?.reason ?? "pool \(pool.name) is not known")
        }
        let worker = makeID(pool)
        state.withLock { $0.ledger.noteOrder(worker, in: pool.name, grace: pool.drainTimeout + killMargin) }
        do {
            let container = try await engine.create(
                description(of: worker, in: pool, made), name: "\(cluster)-\(worker)")
            state.withLock { $0.ledger.noteCreated(worker, container: container) }
            try await engine.start(container)
        } catch {
            await cleanUp(worker)
            throw refusal(error, worker, in: pool, made)
        }
        report.yield(.started(worker: worker, pool: pool.name))
        let ended = state.withLock { $0.ledger.noteStarted(worker) }
        if let ended { workLine.yield(.settle(container: ended)) }
        return worker
    }

    private func description(of worker: String, in pool: PoolPlace, _ made: ContainerPool) -> EngineValues.Create {
        let grace = Int((pool.drainTimeout + killMargin).components.seconds) + 1
        let environment = made.environment.merging(["SPATE_WORKER_ID": worker]) { _, own in own }
        return EngineValues.Create(
            Image: made.image, Cmd: arguments(pool, worker),
            Env: environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
            Labels: [
                EngineLabels.cluster: cluster, EngineLabels.pool: pool.name, EngineLabels.worker: worker,
                EngineLabels.grace: "\(grace)",
            ],
            StopTimeout: grace,
            HostConfig: EngineValues.Create.Host(
                NetworkMode: made.network, Memory: made.memoryBytes,
                NanoCpus: made.processors.map { Int(($0 * 1e9).rounded()) },
                Binds: made.binds.isEmpty ? nil : made.binds,
                DeviceRequests: pool.device == .gpu ? [EngineValues.Create.Devices(Count: made.gpus)] : nil))
    }

    /// Removes what a failed start left, also when the start was cancelled.
    private func cleanUp(_ worker: String) async {
        guard let container = state.withLock({ $0.ledger.forget(worker) }) else { return }
        // Not a child of this task: a cancelled caller must not leave a container behind.
        // Should it fail, the next list finds a container that nobody started, and removes it.
        _ = await Task { [engine] in await engine.removal(of: container) }.value
    }

    private func refusal(
        _ error: EngineError, _ worker: String, in pool: PoolPlace, _ made: ContainerPool
    ) -> WorkerDriverError {
        let start = "pool \(pool.name) cannot start worker \(worker): "
        switch error.status {
        case nil:
            return WorkerDriverError(
                .unavailable, start + "no container engine answers on \(engine.socket): \(error.description)")
        case 404:
            return WorkerDriverError(
                .startFailed,
                start + "the engine has no image \(made.image); build it or pull it there (\(error.description))")
        default: return WorkerDriverError(.startFailed, start + error.description)
        }
    }

    // MARK: End

    package func drain(_ worker: String) async {
        let found = state.withLock { state -> (String, Duration)? in
            guard let container = state.ledger.drain(worker) else { return nil }
            return (container, state.ledger.entries[worker]?.grace ?? killMargin)
        }
        guard let (container, grace) = found else { return }
        workLine.yield(.grace(worker: worker, grace))
        await send(.end, to: container)
    }

    package func kill(_ worker: String) async {
        guard let container = state.withLock({ $0.ledger.kill(worker) }) else { return }
        await send(.kill, to: container)
    }

    /// What the engine does not take now is sent again after the next list.
    func send(_ signal: ContainerLedger.Signal, to container: String) async {
        do {
            let runs = try await engine.signal(container, signal.rawValue)
            state.withLock { $0.ledger.noteSignalled(container, signal) }
            if !runs { workLine.yield(.settle(container: container)) }
        } catch {
            logger.warning(
                "A container did not get its signal; it is sent again",
                metadata: [LogKeys.reason: "\(signal.rawValue): \(error)"])
        }
    }

    /// The engine's id of a worker's container.
    package func container(of worker: String) -> String? {
        state.withLock { $0.ledger.entries[worker]?.container }
    }
}
