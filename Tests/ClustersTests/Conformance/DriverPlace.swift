import Clusters
import Settings
import Synchronization
import ScalerCore
import Testing

/// What a worker of the conformance suite does.
enum WorkerKind: Sendable {
    /// Leaves with status 0 at SIGTERM.
    case obedient
    /// Ignores SIGTERM.
    case stubborn
    /// Ends by itself with status 4.
    case brief
}

/// A place where a driver starts workers, as the conformance suite needs it: one for each driver.
protocol DriverPlace: Sendable {
    /// The pool that its workers are started in.
    var pool: PoolPlace { get }
    /// Kinds of workers that the place can have.
    var kinds: Set<WorkerKind> { get }

    /// Calls `body` with a driver that runs, over workers of this kind.
    func withDriver(of kind: WorkerKind, _ body: (DriverUnderTest) async throws -> Void) async throws

    /// Calls `body` with a driver in whose place no worker can be started.
    func withBrokenDriver(_ body: (DriverUnderTest) async throws -> Void) async throws

    /// A pool that cannot have workers there, with a word that its reason must hold.
    func unavailable(_ body: (any PoolDriver, PoolPlace, _ word: String) async throws -> Void) async throws

    /// Leaves a running worker behind as a scaler does that is killed. - Returns: its id.
    func leaveOrphan() async throws -> String

    /// What is still there of this place's workers, by any name.
    func leftovers() async throws -> [String]
}

/// A driver with the verbs that the suite uses, whichever of the two kinds of drivers it is.
struct DriverUnderTest: Sendable {
    let driver: any PoolDriver
    let events: EventReader
    /// Starts one worker and returns its id; the worker obeys signals when it returns.
    let start: @Sendable () async throws -> String
    let drain: @Sendable (String) async throws -> Void
    /// Ends the worker from outside, as the kernel does when memory is short.
    let crash: @Sendable (String) async throws -> Void

    /// The next event is the start of this worker.
    func expectStart(of worker: String, in pool: String, _ location: SourceLocation = #_sourceLocation) async {
        #expect(await events.next() == .started(worker: worker, pool: pool), sourceLocation: location)
    }

    /// The next event is the end of this worker.
    /// - Returns: the reason and whether it is a failure.
    func expectEnd(
        of worker: String, _ location: SourceLocation = #_sourceLocation
    ) async throws -> (reason: String, isFailure: Bool) {
        var event = await events.next()
        // Where somebody else keeps the count, a replacement may start before the end is seen.
        while case .started(let other, _) = event, other != worker { event = await events.next() }
        guard case .exited(let ended, _, let reason, let isFailure, _) = event else {
            Issue.record("the next event is not the end of \(worker)", sourceLocation: location)
            throw MissingEvent()
        }
        #expect(ended == worker, sourceLocation: location)
        return (reason, isFailure)
    }
}

struct MissingEvent: Error {}

/// Reads a driver's events one by one.
final class EventReader: Sendable {
    private let events: AsyncStream<WorkerEvent>
    /// Read ahead and put back.
    private let ahead = Mutex<[WorkerEvent]>([])

    init(events: AsyncStream<WorkerEvent>) { self.events = events }

    func next() async -> WorkerEvent? {
        if let event = ahead.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return event }
        return await fresh()
    }

    /// The next event that nobody has seen, left for `next` to give again.
    func peek() async -> WorkerEvent? {
        let event = await fresh()
        if let event { ahead.withLock { $0.append(event) } }
        return event
    }

    private func fresh() async -> WorkerEvent? {
        var iterator = events.makeAsyncIterator()
        return await iterator.next()
    }
}

/// Runs `driver.run()` beside `body` and cancels it after.
func running(_ driver: some PoolDriver, _ body: () async throws -> Void) async throws {
    let run = Task { await driver.run() }
    do {
        try await body()
    } catch {
        run.cancel()
        await run.value
        throw error
    }
    run.cancel()
    await run.value
}
