import Jobs
import Logging
import NIOCore
import NIOPosix
import RedisClient
import RedisQueue
import TestSupport
import Time

/// The three sides of the queue on a Redis server of its own, running.
struct RedisQueueHarness: Sendable {
    let connections: RedisConnections
    let submissions: RedisSubmissionQueue
    let observer: RedisQueueObserver
    let clock: ServerClock
    /// For looking behind the queue's back.
    let redis: RedisClient
    let queue: QueueName
    let options: QueueOptions
    private let launch: AsyncStream<@Sendable () async -> Void>.Continuation

    /// A worker's queue whose connections are kept until the test ends.
    /// - Parameters:
    ///   - maximumReplyBytes: `nil`: as large as by default.
    ///   - isOwnProcess: whether it shares nothing with the rest, as a worker's process does.
    func worker(_ id: String, maximumReplyBytes: Int? = nil, isOwnProcess: Bool = true) -> RedisWorkQueue {
        var configuration = connections.configuration
        if let maximumReplyBytes { configuration.maximumReplyBytes = maximumReplyBytes }
        let connections =
            isOwnProcess
            ? RedisConnections(configuration: configuration, group: connections.group, logger: connections.logger)
            : connections
        let worker = RedisWorkQueue(worker: id, connections, clock: clock, options: options)
        launch.yield { await worker.run() }
        return worker
    }

    var underTest: QueueUnderTest {
        QueueUnderTest(submissions: submissions, observer: observer, clock: clock, queue: queue) { worker($0) }
    }

    @discardableResult
    func command(_ name: String, _ arguments: String...) async throws -> RedisValue {
        var command = RedisCommand(name)
        command.append(contentsOf: arguments)
        return try await redis.send(command)
    }

    /// How often Redis ran a command, for example `evalsha`.
    func calls(of command: String) async throws -> Int {
        let info = try await self.command("INFO", "commandstats").string ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        let count = line?.split(separator: "calls=").last?.prefix { $0.isNumber }
        return count.flatMap { Int($0) } ?? 0
    }

    static func run<Result: Sendable>(
        url: String, options: QueueOptions = QueueOptions(),
        _ body: @escaping @Sendable (RedisQueueHarness) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let connections = RedisConnections(
            configuration: try RedisConfiguration(url: url), group: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
        guard let queue = QueueName(model: "m", version: "1") else { throw CancellationError() }
        let (children, launch) = AsyncStream<@Sendable () async -> Void>.makeStream()
        let clock = ServerClock(connections)
        let harness = RedisQueueHarness(
            connections: connections, submissions: RedisSubmissionQueue(connections, clock: clock, options: options),
            observer: RedisQueueObserver(connections, grace: .zero), clock: clock,
            redis: RedisClient(
                configuration: connections.configuration, eventLoop: connections.group.next(), name: "test",
                logger: logger),
            queue: queue, options: options, launch: launch)
        launch.yield { await clock.run() }
        launch.yield { await harness.submissions.run() }
        launch.yield { await harness.observer.run() }
        launch.yield { await harness.redis.run() }
        let keepers = Task {
            await withDiscardingTaskGroup { group in
                for await child in children { group.addTask { await child() } }
                group.cancelAll()
            }
        }
        // The children end when the stream does.
        defer { launch.finish() }
        try await clock.measure()
        let result = try await body(harness)
        launch.finish()
        await keepers.value
        return result
    }
}

/// - Parameter arguments: of `redis-server`.
func withPrivateRedis<Result>(
    _ arguments: [String], _ body: (PrivateRedisServer) async throws -> Result
) async throws -> Result {
    var options = PrivateRedisOptions()
    options.arguments = arguments
    return try await withPrivateRedis(options, body)
}
