import Clusters
import Glibc
import Jobs
import Logging
import Observability
import Scaler
import ServiceLifecycle
import Settings
import Synchronization
import Testing
import Time

/// The scaler over the real process driver; its workers are shell scripts, the queue is scripted. The intervals are
/// far longer than the tests, so whatever happens here happens by events and never by polling.
@Suite("The scaler over real processes", .timeLimit(.minutes(1)))
struct RealProcessTests {
    /// The intervals are 50 s. How fast it really is, `spate bench` measures; a loaded machine must not fail a test.
    private static let farBelowTheIntervals: Duration = .seconds(10)
    private static let obedient = "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"

    @Test("a submit on an idle pool starts a worker at once")
    func submitStartsAtOnce() async throws {
        try await withScaler(running: Self.obedient) { system in
            await system.queue.isWatched()
            let submitted = ContinuousClock.now
            system.queue.submit(1)
            _ = try #require(await system.nextStart())
            #expect(ContinuousClock.now - submitted < Self.farBelowTheIntervals)
        }
    }

    @Test("a burst starts the whole pool in one decision")
    func burstStartsAll() async throws {
        try await withScaler(running: Self.obedient) { system in
            await system.queue.isWatched()
            system.queue.submit(10_000)
            for _ in 0..<3 { _ = try #require(await system.nextStart()) }
            let decision = try #require(await system.queue.nextScaleOut())
            #expect(decision.contains("\"starts\":3"))
            #expect(decision.contains("\"maximum\""))
        }
    }

    @Test("the jobs of a worker killed with SIGKILL go back at once")
    func killedWorkerIsReaped() async throws {
        try await withScaler(running: Self.obedient) { system in
            await system.queue.isWatched()
            system.queue.submit(1)
            let worker = try #require(await system.nextStart())
            _ = try #require(await system.queue.nextScaleOut())
            let process = try #require(system.driver.processID(of: worker))
            let killed = ContinuousClock.now
            kill(process, SIGKILL)
            #expect(await system.queue.nextReaped() == worker)
            #expect(ContinuousClock.now - killed < Self.farBelowTheIntervals)
        }
    }

    @Test("a graceful shutdown drains all workers and returns when they have ended")
    func shutdownDrains() async throws {
        let processes = try await withScaler(running: Self.obedient) { system -> [Int32] in
            await system.queue.isWatched()
            system.queue.submit(10_000)
            var workers: [String] = []
            for _ in 0..<3 { workers.append(try #require(await system.nextStart())) }
            _ = try #require(await system.queue.nextScaleOut())
            return workers.compactMap { system.driver.processID(of: $0) }
        }
        #expect(processes.count == 3)
        // Reaped: the numbers stand for nothing any more.
        for process in processes { #expect(kill(process, 0) == -1) }
    }
}

/// What a test touches while the scaler runs.
private struct System: Sendable {
    let queue: ScriptedQueue
    let driver: ProcessDriver
    let starts: EventLine<String>

    /// The id of the next worker that was ordered.
    func nextStart() async -> String? { await starts.next() }
}

/// Runs a scaler with one pool of at most three shell scripts, and shuts it down gracefully after `body`.
private func withScaler<R: Sendable>(running script: String, _ body: (System) async throws -> R) async throws -> R {
    let name = try #require(QueueName(model: "digits", version: "1"))
    let starts = EventLine<String>()
    let driver = ProcessDriver(
        children: try ChildProcesses(), executable: "/bin/sh",
        // Other tests leave orphans for themselves.
        cluster: "test-\(ProcessDriver.randomHex())",
        arguments: { _, worker in
            starts.add(worker)
            return ["-c", script, worker]
        })
    let queue = ScriptedQueue(name)
    let pool = PoolSettings(maximumWorkers: 3, drainTimeout: .seconds(20))
    let scaler = ScalerService(
        configuration: ScalerService.Configuration(
            settings: ScalerSettings(interval: .seconds(50)), models: [ModelSettings(name: "digits")], pools: [pool],
            idleInterval: .seconds(50)),
        observer: queue, drivers: [.process: driver], metrics: MetricsRegistry(), time: WallTime(),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: [.init(service: scaler)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    async let running: Void = group.run()
    let result: R
    do {
        result = try await body(System(queue: queue, driver: driver, starts: starts))
    } catch {
        await group.triggerGracefulShutdown()
        try await running
        throw error
    }
    await group.triggerGracefulShutdown()
    try await running
    return result
}

/// A queue that holds what the test submits; nothing takes from it.
private final class ScriptedQueue: QueueObserver {
    private let name: QueueName
    private let submitted = Mutex(0)
    private let wakes = Mutex<(@Sendable (QueueName) -> Void)?>(nil)
    private let watched = EventLine<Bool>()
    private let reaped = EventLine<String>()
    private let recorded = EventLine<String>()

    init(_ name: QueueName) { self.name = name }

    /// Returns when the scaler watches.
    func isWatched() async { _ = await watched.next() }
    func nextReaped() async -> String? { await reaped.next() }
    /// The next record that starts workers; it is written when they run.
    func nextScaleOut() async -> String? {
        while let record = await recorded.next() {
            if !record.contains("\"starts\":0") { return record }
        }
        return nil
    }

    func submit(_ count: Int) {
        submitted.withLock { $0 += count }
        wakes.withLock { $0 }?(name)
    }

    func snapshot(of queues: [QueueName]) async throws(QueueError) -> [QueueName: QueueSnapshot] {
        let count = submitted.withLock { $0 }
        let depth = QueueDepth(waiting: count, inFlight: 0, due: 0)
        return [name: QueueSnapshot(depth: depth, submitted: count, oldestWaiting: nil)]
    }

    func workers() async throws(QueueError) -> [WorkerReport] { [] }

    func reap(
        _ worker: String, from queues: [QueueName], ran: LastRuns
    ) async throws(QueueError) -> Reaped {
        reaped.add(worker)
        return Reaped(jobs: queues == [name] ? [name: 1] : [:])
    }

    func reapExpired(from queues: [QueueName]) async throws(QueueError) -> [String] { [] }

    func watchSubmissions(_ wake: @escaping @Sendable (QueueName) -> Void) async {
        wakes.withLock { $0 = wake }
        watched.add(true)
        let (forever, end) = AsyncStream.makeStream(of: Never.self)
        for await _ in forever {}
        end.finish()
    }

    func record(decision json: String) async throws(QueueError) { recorded.add(json) }

    func decisions(newest count: Int) async throws(QueueError) -> [String] { [] }
}

/// Events in order, awaited one by one.
private final class EventLine<Event: Sendable>: Sendable {
    private let stream: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Event.self) }

    func add(_ event: Event) { continuation.yield(event) }

    func next() async -> Event? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }
}

private struct WallTime: TimeSource {
    func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
