import Clocks
import Jobs
import Logging
import NIOCore
import NIOPosix
import RedisClient
import RedisQueue
import Synchronization
import TestSupport
import Time

/// Contenders for the leadership on a Redis server of their own.
struct LeadershipHarness: Sendable {
    let fence: RedisFence
    /// For looking behind their backs.
    let redis: RedisClient
    private let connections: RedisConnections
    private let launch: AsyncStream<(name: String, body: @Sendable () async -> Void)>.Continuation
    private let stops: Stops

    /// A contender that runs until it is stopped or the test ends.
    func contender(
        _ name: String, _ timing: LeaseCandidacy.Timing, _ queueTiming: QueueTiming = QueueTiming(),
        time: any TimeSource = MonotonicTime(ContinuousClock())
    ) -> RedisLeadership {
        let connections = RedisConnections(
            configuration: connections.configuration, group: connections.group, logger: connections.logger,
            timing: queueTiming)
        let leadership = RedisLeadership(connections, holder: name, timing: timing, time: time)
        launch.yield((name, { await leadership.run() }))
        return leadership
    }

    /// A contender that does nothing but what the test asks it to.
    func stopped(
        _ name: String, _ timing: LeaseCandidacy.Timing, time: any TimeSource = MonotonicTime(ContinuousClock()),
        contention: RedisLeadership.Contention = .shared
    ) -> RedisLeadership {
        let leadership = RedisLeadership(
            connections, holder: name, contention: contention, timing: timing, time: time)
        launch.yield((name + "'s connection", { await leadership.keepConnection() }))
        return leadership
    }

    /// Hands over what the leader publishes.
    func follow(_ take: @escaping @Sendable ([PublishedCount]) -> Void) {
        let counts = PublishedCounts(connections)
        launch.yield(("follower", { await counts.run(take) }))
    }

    /// Ends a contender in order: it gives the lease back.
    func stop(_ name: String) { stops.stop(name) }

    static func run(
        _ server: PrivateRedisServer, _ body: @escaping @Sendable (LeadershipHarness) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let connections = RedisConnections(
            configuration: try RedisConfiguration(url: server.url), group: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
        let (children, launch) = AsyncStream<(name: String, body: @Sendable () async -> Void)>.makeStream()
        let harness = LeadershipHarness(
            fence: RedisFence(connections),
            redis: RedisClient(
                configuration: connections.configuration, eventLoop: connections.group.next(), name: "test",
                logger: logger),
            connections: connections, launch: launch, stops: Stops())
        launch.yield(("fence", { await harness.fence.run() }))
        launch.yield(("redis", { await harness.redis.run() }))
        let keepers = Task {
            await withDiscardingTaskGroup { group in
                for await child in children {
                    group.addTask { await harness.stops.run(child.name, child.body) }
                }
                group.cancelAll()
            }
        }
        // The children end when the stream does.
        defer { launch.finish() }
        try await body(harness)
        launch.finish()
        await keepers.value
    }
}

/// Tasks that can be cancelled by name.
private final class Stops: Sendable {
    private let tasks = Mutex<[String: Task<Void, Never>]>([:])
    private let stopped = Mutex<Set<String>>([])

    func run(_ name: String, _ body: @escaping @Sendable () async -> Void) async {
        // A task of its own, so that it can be cancelled alone.
        let task = Task { await body() }
        tasks.withLock { $0[name] = task }
        if stopped.withLock({ $0.contains(name) }) { task.cancel() }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    func stop(_ name: String) {
        stopped.withLock { _ = $0.insert(name) }
        tasks.withLock { $0[name] }?.cancel()
    }
}

extension RedisLeadership {
    /// Waits until it leads.
    func leads() async -> LeadershipTerm? {
        for await term in terms() { if let term { return term } }
        return nil
    }

    /// Waits until it does not lead.
    func yields() async -> Bool {
        for await term in terms() where term == nil { return true }
        return false
    }
}
