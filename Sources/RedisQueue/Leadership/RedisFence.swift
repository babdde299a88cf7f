package import Jobs
import RedisClient
import Time

/// Lets only the newest leader write to Redis: each write carries its term's epoch, and Redis itself compares.
///
/// So a leader that was stopped in the middle of a step, for however long, changes nothing when it goes on. Works with every
/// `Leadership`, since all of them get their epoch from the same key. All keys must be on the same Redis server (in a
/// Cluster: in one slot). Also gives epochs to terms whose lease is kept elsewhere.
package final class RedisFence: TermRegistry {
    /// Words of one call; above it the call fails before anything is sent.
    private static let wordLimit = 4_000

    private let client: RedisClient
    let keys: Keys

    package init(_ connections: RedisConnections) {
        client = connections.makeClient("fence")
        keys = connections.keys
    }

    /// Keeps the connection until the task is cancelled.
    package func run() async { await client.run() }

    // MARK: Writing

    /// Runs the commands in order, with nothing between them, if the term is still the newest.
    ///
    /// - Returns: nothing of their replies but those that are integers or texts, as text; `nil` for others.
    /// - Throws: `deposed` with nothing written. A command that Redis refuses ends the call; those before it stay done.
    @discardableResult
    package func perform(_ commands: [FencedCommand], in term: LeadershipTerm) async throws(FenceError) -> [String?] {
        let what = "writing as the leader of epoch \(term.epoch)"
        var arguments = [String(term.epoch), term.holder]
        var touched = [keys.leader]
        for command in commands {
            arguments.append(String(command.words.count))
            arguments += command.words
            touched += command.keys
        }
        guard arguments.count <= Self.wordLimit else {
            throw .failed(QueueError(.misconfigured, "\(what): \(arguments.count) words, above \(Self.wordLimit)"))
        }
        let call = RedisScript.leaderFenced.call(keys: touched).with(arguments)
        let reply: RedisValue
        do throws(QueueError) {
            reply = try await client.perform([call], what).first ?? .null
        } catch {
            throw .failed(error)
        }
        return try Self.replies(reply, what)
    }

    private static func replies(_ reply: RedisValue, _ what: String) throws(FenceError) -> [String?] {
        guard let parts = reply.array, let first = parts.first?.integer else {
            throw .failed(.unexpected(reply, what))
        }
        if first == 1 { return parts.dropFirst().map { $0.string ?? $0.integer.map { String($0) } } }
        guard parts.count == 3, let epoch = parts[1].integer, let holder = parts[2].string else {
            throw .failed(.unexpected(reply, what))
        }
        throw .deposed(holder: holder, epoch: Int64(epoch))
    }

    // MARK: Terms of others

    package func register(
        authority: String, term: Int64, holder: String, newestEpoch: Int64 = 0, own: Int64? = nil
    ) async throws(QueueError) -> Int64? {
        let what = "registering the term of \(authority)"
        let call = RedisScript.leaderRegister.call(keys: [keys.leader])
            .with(authority, String(term), holder, String(newestEpoch), own.map { String($0) } ?? "")
        let reply = try await client.perform([call], what).first ?? .null
        guard let numbers = reply.array?.compactMap(\.integer), numbers.count == 2 else {
            throw QueueError.unexpected(reply, what)
        }
        return numbers[0] == 1 ? Int64(numbers[1]) : nil
    }

    package func newestEpoch() async throws(QueueError) -> Int64 {
        let what = "reading the newest epoch"
        let reply = try await client.perform([RedisCommand("HGET", keys.leader, "epoch")], what).first ?? .null
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        return reply.string.flatMap { Int64($0) } ?? 0
    }
}
