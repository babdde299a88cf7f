package import Jobs
import RedisClient

/// Which version of each model the running cluster serves: one record in Redis, so that gateways and workers agree however
/// the folders change meanwhile. `run` must be under way while it is used.
package final class RedisVersionRecord: Sendable {
    private let client: RedisClient
    private let keys: Keys

    package init(_ connections: RedisConnections) {
        client = connections.makeClient("versions")
        keys = connections.keys
    }

    /// Keeps the connection until the task is cancelled.
    package func run() async { await client.run() }

    /// By model.
    package func read() async throws(QueueError) -> [String: String] {
        let what = "reading which versions are served"
        let reply = try await client.perform([RedisCommand("HGETALL", keys.versions)], what).first ?? .null
        guard let pairs = reply.array else { throw QueueError.unexpected(reply, what) }
        var versions: [String: String] = [:]
        for index in stride(from: 1, to: pairs.count, by: 2) {
            if let name = pairs[index - 1].string, let version = pairs[index].string { versions[name] = version }
        }
        return versions
    }

    /// Notes the versions of models that have none yet, also in a full Redis: who starts now is to drain it.
    /// - Returns: what is served.
    package func agree(on versions: [String: String]) async throws(QueueError) -> [String: String] {
        try await write("new", versions)
        return try await read()
    }

    /// From now on these are served.
    package func set(_ versions: [String: String]) async throws(QueueError) { try await write("all", versions) }

    private func write(_ mode: String, _ versions: [String: String]) async throws(QueueError) {
        guard !versions.isEmpty else { return }
        let pairs = versions.sorted { $0.key < $1.key }.flatMap { [$0, $1] }
        let call = RedisScript.hashSet.call(keys: [keys.versions]).with(mode).with(pairs)
        _ = try await client.perform([call], "noting which versions are served")
    }
}
