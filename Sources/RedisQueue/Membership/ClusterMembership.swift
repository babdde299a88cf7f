package import Jobs
import Logging
import Observability
import RedisClient
import Synchronization
import Time

/// A process's place in its cluster: keeps those apart that use one Redis under one name and serve other models.
///
/// Every gateway, scaler and worker enters under the cluster's name and revision. The first of them writes down which
/// models, versions and files it has; one that has others is refused, because it would answer the calls of the rest. What
/// is written down counts as long as somebody lives who has it, so a cluster that was stopped starts with whatever it has.
package final class ClusterMembership: Sendable {
    private enum Answer {
        case entered(identity: String)
        /// - Parameter newest: when the last place of another ends, ms of Redis time.
        case refused([ModelDifference], newest: Int)
    }

    /// Renewals in the life of a place.
    private static let renewals = 3
    private static let identityBytes = 16

    private let member: ClusterMember
    private let connections: RedisConnections
    private let client: RedisClient
    private let life: Duration
    /// Once entered: data that went away get it back, since workers are marked with it.
    private let identity = Mutex<String?>(nil)

    /// - Parameter life: how long a place holds without being renewed; so long a start waits for one that was killed.
    package init(_ connections: RedisConnections, member: ClusterMember, life: Duration = .seconds(15)) {
        self.member = member
        self.connections = connections
        self.life = life
        client = connections.makeClient("member")
    }

    // MARK: Entering

    /// Enters the cluster. `run` must be under way.
    ///
    /// One who has other models and may be dead is waited for: for a renewal of his place, which shows that he lives, or
    /// for its end.
    ///
    /// - Returns: the cluster's identity: 32 hexadecimal digits, the same for as long as this Redis keeps its data.
    /// - Throws: `misconfigured` with the differences and what to do.
    package func enter() async throws(QueueError) -> String {
        var seen: Int?
        let deadline = connections.timing.now() + life + life / Self.renewals
        while true {
            switch try await ask() {
            case .entered(let identity): return identity
            case .refused(let differences, let newest):
                if newest > seen ?? newest || connections.timing.now() >= deadline || Task.isCancelled {
                    throw refusal(differences)
                }
                if seen == nil {
                    connections.logger.notice(
                        "Others of this cluster's name have other models; looking whether they live",
                        metadata: [LogKeys.reason: "\(Self.text(differences))"])
                }
                seen = newest
                await connections.timing.pause(life / 16)
            }
        }
    }

    /// Keeps the connection and the place until the task is cancelled; then gives the place back.
    package func run() async {
        // A task of its own, not a child: the connection must outlive the cancellation of this one, for the leave.
        let connection = Task { await client.run() }
        var isTold = false
        var pause = life / Self.renewals
        while !Task.isCancelled {
            await connections.timing.pause(pause)
            pause = life / Self.renewals
            guard !Task.isCancelled else { break }
            do throws(QueueError) {
                guard case .refused(let differences, _) = try await ask() else {
                    isTold = false
                    continue
                }
                let refusal = refusal(differences)
                connections.standing.refused(refusal)
                if !isTold { connections.logger.error("\(refusal.message)") }
                isTold = true
            } catch {
                // The next renewal writes everything anew, and soon: without one nothing is submitted or taken.
                pause = life / 16
                // The connection logs its outages.
                guard error.code != .unavailable, connections.standing.failed(error) else { continue }
                connections.logger.error(
                    "The place in the cluster cannot be renewed; without it nothing is submitted or taken",
                    metadata: [LogKeys.reason: "\(error)"])
            }
        }
        await leave()
        connection.cancel()
        await connection.value
    }

    private func leave() async {
        do throws(QueueError) {
            _ = try await client.perform(
                [RedisCommand("ZREM", connections.keys.members(revision: member.revision), member.id)],
                timeout: .seconds(1), "leaving the cluster")
        } catch {
            // The place ends by itself.
        }
    }

    private func ask() async throws(QueueError) -> Answer {
        let what = "entering the cluster '\(connections.cluster)'"
        let (keys, revision) = (connections.keys, member.revision)
        let models = member.models.map { ($0.key.description, $0.value) }.sorted { $0.0 < $1.0 }
        let call = RedisScript.clusterJoin
            .call(keys: [keys.cluster, keys.members(revision: revision), keys.models(revision: revision)])
            .with(
                member.id, String(QueueOptions.milliseconds(life)),
                self.identity.withLock { $0 } ?? Self.makeIdentity(), member.scope.rawValue,
                member.company.rawValue
            )
            .with(models.flatMap { [$0.0, $0.1] })
        let start = connections.timing.now()
        let reply = try await client.perform([call], what).first ?? .null
        guard let parts = reply.array, parts.count >= 2, let verdict = parts[0].integer,
            let identity = parts[1].string
        else { throw QueueError.unexpected(reply, what) }
        if verdict == 1 {
            self.identity.withLock { $0 = identity }
            connections.standing.entered(at: start, for: life)
            return .entered(identity: identity)
        }
        guard parts.count > 3, let newest = parts[2].string.flatMap({ Double($0) }) else {
            throw QueueError.unexpected(reply, what)
        }
        let words = parts.dropFirst(3).map { $0.string ?? "" }
        return .refused(
            stride(from: 0, to: words.count - 4, by: 5).map { at in
                ModelDifference(
                    queue: words[at], there: words[at + 1] == "1" ? words[at + 2] : nil,
                    here: words[at + 3] == "1" ? words[at + 4] : nil)
            }, newest: Int(newest))
    }

    private static func makeIdentity() -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<(2 * identityBytes)).map { _ in digits[Int.random(in: 0..<16)] })
    }

    // MARK: In words

    private func refusal(_ differences: [ModelDifference]) -> QueueError {
        QueueError(
            .misconfigured,
            "Redis at \(connections.configuration.label) is in use by a cluster of the same name, '\(connections.cluster)', and revision, \(member.revision), with other models: \(Self.text(differences)). They would answer each other's calls. If this is another cluster, give it a name of its own: `cluster: {name: ...}` or SPATE_CLUSTER. If it is the same one with changed files, put them into a folder of a new version, or raise `cluster.revision`, in this file and with it in that of every process that has the change"
        )
    }

    private static func text(_ differences: [ModelDifference]) -> String {
        let shown = differences.prefix(8).map(\.description).joined(separator: "; ")
        return differences.count > 8 ? "\(shown); and \(differences.count - 8) more" : shown
    }
}
