package import Jobs
import Logging
import Observability
import RedisClient
import Time

/// Looks at a Redis before the queue is trusted to it.
package struct RedisQueueStartCheck: Sendable {
    package enum Durability: String, Sendable {
        /// Every accepted job is on disk.
        case always
        /// Up to about a second of accepted jobs can be lost if the machine of Redis dies.
        case everySecond
        /// Accepted jobs are lost when Redis restarts, back to its last snapshot.
        case none
        /// `CONFIG` is forbidden and there is an append-only file.
        case unknown
    }

    package enum Access: Sendable {
        /// An operator's command: it may be run by one who may only look.
        case unchecked
        case ofRole
    }

    package struct Findings: Sendable, Equatable {
        package var version: String
        package var durability: Durability
        /// What an operator should know; nothing that stops the start.
        package var notes: [String]
    }

    private let connections: RedisConnections

    package init(_ connections: RedisConnections) { self.connections = connections }

    /// Connects, checks and disconnects; at most about `timeout`, in which a replica may become the primary.
    ///
    /// - Parameter access: whether the rights of a role are checked too, for which something is written.
    /// - Throws: `misconfigured` with what to set, when Redis would evict jobs, is older than 7.0 or is a cluster;
    ///   `unauthorized` with the rights that are missing; `unavailable` when it cannot be asked, or is a replica.
    package func run(access: Access = .ofRole, timeout: Duration = .seconds(10)) async throws(QueueError) -> Findings {
        let client = connections.makeClient("check")
        let keeper = Task { await client.run() }  // Ended below on every path.
        defer { keeper.cancel() }
        do {
            try await client.waitUntilConnected(timeout: timeout)
        } catch {
            throw QueueError(error, "checking Redis")
        }
        let (status, appendFsync) = try await primary(client, within: timeout)
        let findings = try Self.judge(status, appendFsync: appendFsync)
        if access == .ofRole { try await AccessCheck.run(on: client, connections) }
        return findings
    }

    /// What the server says of itself once it is a primary.
    private func primary(
        _ client: RedisClient, within timeout: Duration
    ) async throws(QueueError) -> (ServerStatus, appendFsync: RedisValue) {
        let deadline = connections.timing.now() + timeout
        var isTold = false
        while true {
            let replies = try await client.perform(
                [RedisCommand("INFO"), RedisCommand("CONFIG", "GET", "appendfsync")], "checking Redis")
            guard replies.count == 2, let info = replies[0].string else {
                throw QueueError.unexpected(
                    replies.first ?? .null, "checking Redis with INFO (the ACL must allow +info)")
            }
            let status = ServerStatus(info: info)
            guard let primary = status.primary else { return (status, replies[1]) }
            let label = connections.configuration.label
            guard connections.timing.now() < deadline, !Task.isCancelled else {
                throw QueueError(
                    .unavailable,
                    "Redis at \(label) is a replica of \(primary) and takes no jobs; give the address of the primary, or one that follows it"
                )
            }
            if !isTold {
                connections.logger.warning(
                    "Redis is a replica; waiting for it to become the primary",
                    metadata: [LogKeys.redis: "\(label)", LogKeys.reason: "its primary is \(primary)"])
            }
            isTold = true
            await connections.timing.pause(.milliseconds(500))
        }
    }

    static func judge(_ status: ServerStatus, appendFsync: RedisValue) throws(QueueError) -> Findings {
        guard let version = status.version, let release = status.release, release >= (7, 0) else {
            throw QueueError(
                .misconfigured,
                "Redis is of version \(status.version ?? "unknown"); Spate needs Redis 7.0 or newer, or Valkey")
        }
        guard !status.isCluster else {
            throw QueueError(
                .misconfigured, "Redis runs with cluster-enabled yes; Spate needs one primary (set cluster-enabled no)")
        }
        var notes: [String] = []
        if let danger = status.evictionDanger { throw QueueError(.misconfigured, danger) }
        if status.maximumMemory == nil {
            notes.append("Redis has no maxmemory: a backlog can take all memory of its machine; set maxmemory")
        }
        var durability = Durability.none
        if status.hasAppendOnlyFile {
            switch appendFsync.array?.last?.string {
            case "always": durability = .always
            case "everysec": durability = .everySecond
            case "no": durability = .none
            default:
                durability = .unknown
                notes.append(
                    "CONFIG is forbidden by the ACL, so it is not known how often Redis writes to disk (appendfsync)")
            }
        } else {
            notes.append("Redis has no append-only file: a restart loses accepted jobs; set appendonly yes")
        }
        return Findings(version: version, durability: durability, notes: notes)
    }
}
