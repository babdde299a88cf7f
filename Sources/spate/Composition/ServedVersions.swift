import Jobs
import Logging
import Observability
import RedisQueue
import Settings

/// Which version of each model a process serves: what the cluster's record says, so that a new folder changes nothing under
/// a running cluster.
///
/// | who | what it does |
/// |---|---|
/// | `spate up` | begins with what the files say, but keeps an older version for which jobs still wait |
/// | `spate gateway`, `worker`, `scaler` | take what the record says; the first one writes it |
/// | `spate versions --take MODEL` | writes the newest into the record, for the next starts |
enum ServedVersions {
    /// What a whole cluster that starts is to serve. Nothing is written yet: it may be refused.
    /// - Parameter say: is told of versions that are not as the files say, in words.
    static func plan(
        _ settings: ClusterSettings, queue: QueueConnections, say: @escaping @Sendable (String) -> Void
    ) async throws -> ClusterSettings {
        let observer = RedisQueueObserver(queue.connections)
        return try await use(queue.connections, beside: { await observer.run() }) { record in
            var pins: [String: String] = [:]
            for (name, version) in try await record.read() {
                guard let model = settings.models.first(where: { $0.name == name }), model.version != version,
                    let old = QueueName(model: name, version: version),
                    let waiting = try await observer.snapshot(of: [old])[old]?.depth.total, waiting > 0
                else { continue }
                let jobs = "\(waiting) \(waiting == 1 ? "job is" : "jobs are") left of version \(version) of '\(name)'"
                if model.isVersionNamed || !settings.hasVersion(version, of: model) {
                    say("\(jobs), which is not served any more: serve it again to have them answered")
                } else {
                    say("\(jobs): it is served on; version \(model.version) is taken by the next start without any")
                    pins[name] = version
                }
            }
            return settings.pinned(to: pins)
        }
    }

    /// Notes what a whole cluster serves, once it has its place.
    static func take(_ settings: ClusterSettings, _ connections: RedisConnections) async throws {
        try await use(connections) { record in try await record.set(settings.versions) }
    }

    /// For one role of a cluster.
    static func agree(
        _ settings: ClusterSettings, queue: QueueConnections, logger: Logger
    ) async throws -> ClusterSettings {
        let served = try await use(queue.connections) { record in
            settings.pinned(to: try await record.agree(on: settings.versions))
        }
        for (model, other) in zip(served.models, settings.models) where model.version != other.version {
            logger.notice(
                "The cluster serves another version than the files lead to",
                metadata: [
                    LogKeys.modelName: "\(model.name)", LogKeys.modelVersion: "\(model.version)",
                    "reason": "version \(other.version) is taken once `spate versions --take \(model.name)` says so",
                ])
        }
        return served
    }

    /// For commands, which write nothing.
    static func read(_ settings: ClusterSettings, _ connections: RedisConnections) async throws -> ClusterSettings {
        try await use(connections) { record in settings.pinned(to: try await record.read()) }
    }

    static func use<R: Sendable>(
        _ connections: RedisConnections, beside: @escaping @Sendable () async -> Void = {},
        _ body: @escaping @Sendable (RedisVersionRecord) async throws -> R
    ) async throws -> R {
        let record = RedisVersionRecord(connections)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await record.run() }
            group.addTask { await beside() }
            defer { group.cancelAll() }
            return try await body(record)
        }
    }
}

extension ClusterSettings {
    /// By model.
    var versions: [String: String] {
        Dictionary(models.map { ($0.name, $0.version) }, uniquingKeysWith: { first, _ in first })
    }
}
