import Clusters
import Jobs
import Logging
import Observability
import RedisQueue
import Settings

/// A look at a running cluster's Redis, for the operator's commands.
enum QueueReader {
    /// Connects (to the private server of a running `spate up` when the settings have one), reads and disconnects.
    static func read<R: Sendable>(
        _ settings: ClusterSettings, data: String?,
        _ body: @Sendable (RedisQueueObserver, ServerClock) async throws -> R
    ) async throws -> R {
        var quiet = settings.logging
        quiet.level = .error
        let logger = quiet.output(role: "spate").makeLogger()
        var url = settings.redis.url
        if case .private(let directory) = settings.redis.server {
            url = "unix://" + RedisDataDirectory(path: data.map { $0 + "/redis" } ?? directory).socketPath
        }
        let queue = try await QueueConnections.open(settings, url: url, logger: logger)
        let observer = RedisQueueObserver(queue.connections)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await queue.clock.run() }
            group.addTask { await observer.run() }
            defer { group.cancelAll() }
            try await queue.clock.measure()
            return try await body(observer, queue.clock)
        }
    }
}
