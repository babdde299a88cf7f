package import Jobs
import RedisClient

/// Reads what the leader wants, so that every scaler can say it, whether or not it leads.
///
/// The leader writes with `RedisFence.publish`; so what is read here is never of a deposed one.
package final class PublishedCounts: Sendable {
    /// A notice can be lost with its connection; then this finds the change.
    private static let interval = Duration.seconds(1)

    private let client: RedisClient
    private let connections: RedisConnections

    package init(_ connections: RedisConnections) {
        self.connections = connections
        client = connections.makeClient("desired")
    }

    /// Hands over all counts at every change and every second, until the task is cancelled. While Redis is away nothing is
    /// handed over, and the counts grow old.
    package func run(_ take: @escaping @Sendable ([PublishedCount]) -> Void) async {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { await self.client.run() }
            group.addTask {
                await self.connections.makeSubscriber("desired").run(channels: [self.connections.keys.desiredChannel]) {
                    _, _ in
                    signal.yield()
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    signal.yield()
                    await self.connections.timing.pause(Self.interval)
                }
                signal.finish()
            }
            for await _ in signals { await self.hand(to: take) }
        }
    }

    private func hand(to take: @Sendable ([PublishedCount]) -> Void) async {
        do throws(QueueError) {
            take(try await read())
        } catch {
            // The connection logs its outages; the counts' age tells the rest.
        }
    }

    /// All counts, by pool. `run` must be under way. What cannot be read as a count is left out.
    package func read() async throws(QueueError) -> [PublishedCount] {
        let what = "reading the wanted counts"
        let reply =
            try await client.perform([RedisCommand("HGETALL", connections.keys.desired)], timeout: Self.interval, what)
            .first
            ?? .null
        guard let words = reply.array?.map(\.string) else { throw QueueError.unexpected(reply, what) }
        return stride(from: 0, to: words.count - 1, by: 2).compactMap { index in
            guard let pool = words[index], let text = words[index + 1] else { return nil }
            return PublishedCount(pool: pool, text: text)
        }.sorted { $0.pool < $1.pool }
    }
}

extension RedisFence {
    /// Replaces the wanted counts of all pools, if the term is still the newest.
    package func publish(_ counts: [PublishedCount], in term: LeadershipTerm) async throws(FenceError) {
        guard !counts.isEmpty else { return }
        var words = ["HSET", keys.desired]
        for count in counts { words += [count.pool, count.text] }
        try await perform(
            [
                FencedCommand("DEL", key: keys.desired), FencedCommand(words, keys: [keys.desired]),
                FencedCommand(["PUBLISH", keys.desiredChannel, ""], keys: []),
            ], in: term)
    }
}
