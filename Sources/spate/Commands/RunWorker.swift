import ArgumentParser
import Clusters
import Foundation
import Glibc
import Inference
import Logging
import Observability
import RedisQueue
import ServiceLifecycle
import Settings
import Synchronization
import Time
import UnixSignals
import Worker

/// `spate worker`
struct RunWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Take jobs of a pool's models from Redis and run them in batches.",
        discussion: """
            SIGTERM drains: what has not started is handed back, what runs is finished, then the worker leaves with 0.
            SIGQUIT hands everything back at once.
            Exit codes: 69 no model can be served, 70 a run or a load hung, 75 cut short while draining, 78 the settings are wrong.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The pool that the worker belongs to; it serves every model that lists the pool.") var pool = "cpu"
    @Option(
        help: """
            A name that was never used before. Not given: SPATE_WORKER_ID; in a pod, made from SPATE_POD_NAME and \
            SPATE_POD_UID; else made up.
            """) var id: String?
    @OptionGroup var metrics: MetricsOptions

    func validate() throws {
        guard let id = id ?? ProcessInfo.processInfo.environment["SPATE_WORKER_ID"] else { return }
        let isPlain = id.utf8.allSatisfy { (0x21...0x7E).contains($0) } && !id.hasPrefix(":")
        guard isPlain, (1...128).contains(id.utf8.count) else {
            throw ValidationError("--id must be 1 to 128 visible ASCII characters and not begin with a colon")
        }
    }

    func run() async throws {
        let began = ContinuousClock.now
        CrashSignals.endAtOnce()
        ForeignOrphans.forgetAll()
        let settings = try cluster.load()
        let logger = settings.logging.output(role: "worker").makeLogger()
        do {
            guard let poolSettings = settings.pools.first(where: { $0.name == pool }) else {
                Terminal.error(
                    "spate: there is no pool '\(pool)'; the cluster file has: \(settings.pools.map(\.name).joined(separator: ", "))"
                )
                throw ExitCode(78)
            }
            let queue = try await QueueConnections.open(settings, logger: logger)
            let settings = try await ServedVersions.agree(settings, queue: queue, logger: logger)
            let identity = WorkerIdentity(given: id, pool: pool, environment: ProcessInfo.processInfo.environment)
            identity.writeTerminationLog()
            let id = identity.id
            // Beside the load of the models: their files are read twice, and together that takes no longer than once.
            let entering = Task { await enter(settings, id: id, queue.connections) }
            let work = RedisWorkQueue(
                worker: id, queue.connections, clock: queue.clock, options: queue.options,
                admission: { _ = await entering.value })
            let board = RedisLoadBoard(queue.connections)
            let registry = BackendRegistry(
                runtime: settings.runtime, repository: ModelRepository(path: settings.repository),
                listener: { message in
                    // Each failed call says why by itself; what the runtime adds is for the curious.
                    logger.log(
                        level: message.severity == .fatal ? .critical : .debug, "ONNX Runtime reports",
                        metadata: [LogKeys.reason: "\(message.text)"])
                })
            let readAgain = try cluster.makeReader()
            let registered = MetricsRegistry.ofProcess()
            let port = try metrics.port(serving: registered, logger)
            let worker = WorkerService(
                configuration: .init(
                    id: id, pool: poolSettings, models: settings.models,
                    launched: queue.clock.now() - (ContinuousClock.now - began)),
                queue: work, load: { model throws(InferenceError) in try registry.load(model) },
                notes: RunNotes(RunBoard.own(in: ProcessInfo.processInfo.environment)),
                loads: board, stamp: { registry.stamp(of: $0) },
                reread: { model in
                    readAgain()?.pinned(to: [model.name: model.version]).models
                        .first { $0.name == model.name } ?? model
                }, metrics: registered,
                time: queue.clock, logger: logger)
            // Not services of the group, and unstructured: SIGQUIT cancels the whole group at once, and the worker has
            // to give back what it holds before its connections close.
            let loops = Task {
                await withDiscardingTaskGroup { group in
                    group.addTask { await queue.clock.run() }
                    group.addTask { await work.run() }
                    group.addTask { await entering.value.keep() }
                    group.addTask { await board.run() }
                    group.addTask { await port.run() }
                }
            }
            try await serve(WorkerRun(worker), logger: logger)
            loops.cancel()
            await loops.value
        } catch let error as WorkerError where error.leavesThread {
            // A thread is still inside the backend; a normal exit would wait for it.
            if error.exitCode != 0 { Terminal.error("spate: \(error)") }
            _exit(error.exitCode)
        } catch {
            throw RoleFailure.exit(error)
        }
    }

    /// Ends the process where the worker does not belong to the cluster: it has taken nothing yet, and a thread may be
    /// inside a backend, for which a normal exit would wait.
    private func enter(_ settings: ClusterSettings, id: String, _ connections: RedisConnections) async -> ClusterPlace {
        do {
            let isSole = ProcessInfo.processInfo.environment[ClusterPlace.soleVariable] != nil
            return try await ClusterPlace.enter(
                settings, id: id, as: .worker(pool: pool), company: isSole ? .sole : .shared, connections)
        } catch {
            _exit((RoleFailure.exit(error) as? ExitCode)?.rawValue ?? 69)
        }
    }

    /// SIGTERM and SIGINT drain the worker, SIGQUIT cuts it short.
    private func serve(_ run: WorkerRun, logger: Logger) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(
                        service: run, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ],
                gracefulShutdownSignals: TerminalSignal.ending, cancellationSignals: [.sigquit], logger: logger))
        do {
            try await group.run()
        } catch {
            throw run.error ?? error
        }
        // A group that was cancelled keeps its services' errors to itself.
        if let error = run.error { throw error }
    }
}

/// The worker, and how it ended.
private final class WorkerRun: Service {
    private let worker: WorkerService
    private let ending = Mutex<WorkerError?>(nil)

    init(_ worker: WorkerService) { self.worker = worker }

    var error: WorkerError? { ending.withLock { $0 } }

    func run() async throws {
        do {
            try await worker.run()
        } catch let error as WorkerError {
            ending.withLock { $0 = error }
            throw error
        }
    }
}

extension RunNotes {
    /// On the board that whoever started this process shares with it.
    fileprivate init(_ board: RunBoard?) {
        guard let board else { self.init(); return }
        self.init(
            reserve: { board.reserve($0) }, note: { board.note($0, at: $1) },
            load: { load in
                switch load {
                case .began: board.noteLoads(1)
                case .ended: board.noteLoads(-1)
                }
            })
    }
}
