import Clusters
import Jobs
import Logging
import Observability
import Random
import Scaler
import ScalerCore
import Settings
import Synchronization
import Testing
import Time

/// A thousand scale-ins against workers that take jobs whenever they like: between their report and the look, between the
/// look and the order to drain, and after it was sent and before it came.
@Suite(.timeLimit(.minutes(2))) struct ScaleInTests {
    @Test("no worker is ended while it is busy in 1,000 scale-ins, and no job is lost", arguments: [1 as UInt64, 2, 3])
    func neverEndsABusyWorker(seed: UInt64) async throws {
        let floor = WorkFloor(seed: seed)
        let time = TestTime()
        let scaler = ScalerService(
            configuration: .init(
                settings: ScalerSettings(scaleInWindow: .milliseconds(500)),
                models: [
                    ModelSettings(
                        name: "m",
                        backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .milliseconds(10))))
                ], pools: [PoolSettings(maximumWorkers: 40)]),
            observer: floor, drivers: [.process: floor], metrics: MetricsRegistry(), time: time, clock: TestClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var looks = 0
        while floor.drained < 1_000, looks < 60_000 {
            looks += 1
            time.advance(by: .milliseconds(250))
            floor.step(at: time.now())
            await scaler.look()
            for worker in floor.takeEnded() {
                await scaler.note(.exited(worker: worker, pool: "cpu", reason: "exit status 0", isFailure: false))
            }
        }
        let result = floor.result
        #expect(result.drained >= 1_000, "in \(looks) looks; seed \(seed)")
        #expect(result.killed == 0, "seed \(seed)")
        #expect(result.endedBusy == 0, "seed \(seed)")
        #expect(result.drainedBusyByReport == 0, "never one whose report said so; seed \(seed)")
        #expect(result.drainedBusyInFact > 20, "the race was met: workers took work after their report; seed \(seed)")
        #expect(result.submitted == result.settled + result.waiting + result.held, "seed \(seed)")
    }
}

/// Workers, their queue and their driver in one lock, with a mind of their own: they take work at any moment, also while the
/// scaler decides, and one that was asked to drain finishes what it holds.
private final class WorkFloor: QueueObserver, PoolDriver {
    struct Worker {
        var held = 0
        var settled = 0
        var isDraining = false
        /// What the last report said.
        var reported: WorkerReport
    }

    struct Result {
        var submitted = 0
        var settled = 0
        var waiting = 0
        var held = 0
        var drained = 0
        var killed = 0
        var endedBusy = 0
        var drainedBusyByReport = 0
        var drainedBusyInFact = 0
    }

    fileprivate struct State {
        var generator: SeededGenerator
        var workers: [String: Worker] = [:]
        var ended: [String] = []
        var next = 0
        var result = Result()
    }

    private let state: Mutex<State>
    let events: AsyncStream<WorkerEvent>

    init(seed: UInt64) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        continuation.finish()
        events = stream
    }

    var drained: Int { state.withLock { $0.result.drained } }

    var result: Result {
        state.withLock { state in
            var result = state.result
            result.held = state.workers.values.reduce(0) { $0 + $1.held }
            return result
        }
    }

    /// Time passes: jobs come in bursts, workers settle and report.
    func step(at now: Timestamp) {
        state.withLock { state in
            if Int.random(in: 0..<12, using: &state.generator) == 0 {
                let burst = Int.random(in: 1...2_000, using: &state.generator)
                state.result.waiting += burst
                state.result.submitted += burst
            } else if Bool.random(using: &state.generator) {
                state.result.waiting += 1
                state.result.submitted += 1
            }
            for id in state.workers.keys.sorted() {
                guard var worker = state.workers[id] else { continue }
                let done = min(worker.held, Int.random(in: 0...40, using: &state.generator))
                worker.held -= done
                worker.settled += done
                state.result.settled += done
                worker.reported = WorkerReport(
                    id: id, pool: "cpu", state: worker.isDraining ? .draining : .ready, started: now,
                    startUp: .milliseconds(300), held: worker.held, settled: worker.settled,
                    models: [WorkerReport.ModelReport(queue: "m.1", instances: 1)])
                if worker.isDraining, worker.held == 0 {
                    state.workers[id] = nil
                    state.ended.append(id)
                } else {
                    state.workers[id] = worker
                }
            }
            state.takeSome()
        }
    }

    func takeEnded() -> [String] {
        state.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
    }

    // MARK: QueueObserver

    func snapshot(of queues: [QueueName]) async throws(QueueError) -> [QueueName: QueueSnapshot] {
        state.withLock { state in
            let held = state.workers.values.reduce(0) { $0 + $1.held }
            return Dictionary(
                uniqueKeysWithValues: queues.map {
                    (
                        $0,
                        QueueSnapshot(
                            depth: QueueDepth(waiting: state.result.waiting, inFlight: held, due: 0),
                            submitted: state.result.submitted, oldestWaiting: nil)
                    )
                })
        }
    }

    func workers() async throws(QueueError) -> [WorkerReport] {
        state.withLock { state in
            defer { state.takeSome() }
            return state.workers.values.map(\.reported)
        }
    }

    func reap(
        _ worker: String, from queues: [QueueName], ran: LastRuns
    ) async throws(QueueError) -> Reaped { Reaped() }
    func reapExpired(from queues: [QueueName]) async throws(QueueError) -> [String] { [] }
    func watchSubmissions(_ wake: @escaping @Sendable (QueueName) -> Void) async {}
    func record(decision json: String) async throws(QueueError) {}
    func decisions(newest count: Int) async throws(QueueError) -> [String] { [] }

    // MARK: PoolDriver

    let ordering = WorkerOrdering.oneByOne(.starter)
    func unavailability(of pool: PoolPlace) -> Unavailability? { nil }

    func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String {
        state.withLock { state in
            state.next += 1
            let id = "cpu-\(state.next)"
            state.workers[id] = Worker(
                reported: WorkerReport(
                    id: id, pool: "cpu", state: .ready, started: .zero, startUp: .milliseconds(300),
                    models: [WorkerReport.ModelReport(queue: "m.1", instances: 1)]))
            return id
        }
    }

    func drain(_ worker: String) async {
        state.withLock { state in
            // It takes once more before the order arrives.
            state.takeSome()
            guard var found = state.workers[worker] else { return }
            state.result.drained += 1
            if found.reported.held > 0 { state.result.drainedBusyByReport += 1 }
            if found.held > 0 { state.result.drainedBusyInFact += 1 }
            found.isDraining = true
            state.workers[worker] = found
        }
    }

    func kill(_ worker: String) async {
        state.withLock { state in
            state.result.killed += 1
            if let found = state.workers.removeValue(forKey: worker), found.held > 0 { state.result.endedBusy += 1 }
            state.ended.append(worker)
        }
    }
}

extension WorkFloor.State {
    /// Some workers take what waits.
    fileprivate mutating func takeSome() {
        for id in workers.keys.sorted() {
            guard var worker = workers[id], !worker.isDraining, result.waiting > 0, worker.held < 64 else { continue }
            guard Int.random(in: 0..<3, using: &generator) > 0 else { continue }
            let count = min(result.waiting, Int.random(in: 1...16, using: &generator))
            worker.held += count
            result.waiting -= count
            workers[id] = worker
        }
    }
}
