import COpenSSL
import FoundationEssentials
package import Jobs
import Logging
import NIOCore
import Observability
package import Operations
import RedisClient
package import Time

/// Operators' settings, decisions, arrivals and usage, on Redis. `run` must be under way while it is used.
///
/// | what | where | bound |
/// |---|---|---|
/// | entries by hand | hash `spate:control` | removed when they expire |
/// | decisions | stream `spate:decisions` | seven days, at most 200,000 |
/// | looks | stream `spate:looks` | seven days, at most about 64 MiB |
/// | arrivals | 5,760 bytes a day and queue | 36 days |
/// | usage | one hash an hour | 36 days |
package final class RedisOperatorStore: ControlStore, DecisionArchive, TrafficLedger {
    package static let keptDecisions = Duration.seconds(7 * 86_400)
    package static let keptCounts = Duration.seconds(36 * 86_400)
    private static let decisionLimit = 200_000
    private static let looksBytes = 64 << 20

    let client: RedisClient
    let keys: Keys
    private let fence: RedisFence?
    private let leadership: (any Leadership)?
    private let logger: Logger

    /// - Parameter leadership: of the scaler that writes; its decisions are then refused by Redis once a later term has
    ///   begun. `nil` for whoever does not decide.
    package init(_ connections: RedisConnections, leadership: (any Leadership)? = nil) {
        client = connections.makeClient("operate")
        keys = connections.keys
        fence = leadership == nil ? nil : RedisFence(connections)
        self.leadership = leadership
        logger = connections.logger
    }

    /// Keeps the connections until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.client.run() }
            if let fence { group.addTask { await fence.run() } }
        }
    }

    // MARK: ControlStore

    package func control() async throws(QueueError) -> ControlState {
        let what = "reading what operators have set"
        let reply = try await one(RedisCommand("HGETALL", keys.control), what)
        guard let pairs = reply.array else { throw QueueError.unexpected(reply, what) }
        let decoder = JSONDecoder()
        return ControlState(
            stride(from: 1, to: pairs.count, by: 2).compactMap { index -> ControlEntry? in
                guard let bytes = pairs[index].bytes else { return nil }
                do {
                    return try decoder.decode(ControlEntry.self, from: Data(bytes.readableBytesView))
                } catch {
                    logger.error("an operator's setting cannot be read", metadata: [LogKeys.reason: "\(error)"])
                    return nil
                }
            })
    }

    package func set(_ entry: ControlEntry) async throws(QueueError) {
        let what = "writing an operator's setting"
        guard let json = Self.json(entry) else { throw QueueError(.malformed, "\(what): it has no JSON form") }
        let reply = try await one(RedisCommand("HSET", keys.control, Self.field(entry.kind, entry.subject), json), what)
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
    }

    package func clear(_ kind: ControlEntry.Kind, _ subject: String) async throws(QueueError) -> Bool {
        let what = "taking back an operator's setting"
        let reply = try await one(RedisCommand("HDEL", keys.control, Self.field(kind, subject)), what)
        guard let count = reply.integer else { throw QueueError.unexpected(reply, what) }
        return count > 0
    }

    package func remove(_ entry: ControlEntry) async throws(QueueError) -> Bool {
        let what = "removing an operator's setting that is over"
        let call = RedisScript.controlRemove.call(keys: [keys.control]).with(
            Self.field(entry.kind, entry.subject), String(entry.set.microseconds))
        let reply = try await client.perform([call], what).first ?? .null
        guard let count = reply.integer else { throw QueueError.unexpected(reply, what) }
        return count > 0
    }

    package func isLed() async throws(QueueError) -> Bool {
        let what = "reading who leads"
        let replies = try await client.perform(
            [LeaderRecord.command(keys), RedisCommand("TIME")], what)
        guard replies.count == 2 else { throw QueueError.unexpected(replies.last ?? .null, what) }
        return try LeaderRecord.isLed(replies[0], time: replies[1], what)
    }

    private static func field(_ kind: ControlEntry.Kind, _ subject: String) -> String { "\(kind.rawValue) \(subject)" }

    // MARK: DecisionArchive

    package func keep(policy json: String) async throws(QueueError) -> String {
        let hash = Self.sha256(json)
        let seconds = (Self.keptDecisions + .seconds(86_400)).components.seconds
        let what = "keeping a policy"
        let reply = try await one(RedisCommand("SET", keys.policy(hash), json, "EX", String(seconds)), what)
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        return hash
    }

    package func append(_ look: RecordedLook) async throws(QueueError) {
        let oldest = String(max((look.time - Self.keptDecisions).milliseconds, 0))
        var commands = look.decisions.map { ["XADD", keys.decisions, "MINID", "~", oldest, "*", "d", $0] }
        commands.append([
            "XADD", keys.looks, "MINID", "~", oldest, "*", "t", String(look.time.microseconds), "p", look.policy, "o",
            look.observation, "s", look.state,
        ])
        let size = max(look.observation.utf8.count + look.state.utf8.count, 512)
        commands.append(["XTRIM", keys.decisions, "MAXLEN", "~", String(Self.decisionLimit)])
        commands.append(["XTRIM", keys.looks, "MAXLEN", "~", String(max(Self.looksBytes / size, 1_000))])
        let kept = (Self.keptDecisions + .seconds(86_400)).components.seconds
        commands.append(["EXPIRE", keys.policy(look.policy), String(kept)])
        try await write(commands, "recording a decision")
    }

    /// Writes of the scaler; the second word of each is its key.
    private func write(_ commands: [[String]], _ what: String) async throws(QueueError) {
        guard let fence, let leadership else {
            let plain = commands.map { words in
                var command = RedisCommand(words.first ?? "")
                command.append(contentsOf: words.dropFirst())
                return command
            }
            for reply in try await client.perform(plain, what) {
                if let message = reply.errorMessage { throw QueueError(reply: message, what) }
            }
            return
        }
        guard let term = leadership.term() else {
            throw QueueError(.unavailable, "\(what): this scaler does not lead any more")
        }
        do throws(FenceError) {
            try await fence.perform(
                commands.map { FencedCommand($0, keys: Array($0.dropFirst().prefix(1))) }, in: term)
        } catch {
            throw QueueError(.unavailable, "\(what): \(error)")
        }
    }

    package func decisions(
        from: Timestamp, to: Timestamp, limit: Int
    ) async throws(QueueError) -> [String] {
        let what = "reading the decisions"
        let reply = try await one(
            RedisCommand(
                "XREVRANGE", keys.decisions, String(max(to.milliseconds, 0)), String(max(from.milliseconds, 0)),
                "COUNT",
                String(max(limit, 1))), what)
        guard let entries = reply.array else { throw QueueError.unexpected(reply, what) }
        return entries.compactMap { Self.fields(of: $0)["d"] }
    }

    package func look(notAfter time: Timestamp) async throws(QueueError) -> RecordedLook? {
        let what = "reading what a decision was made from"
        // An entry is written a little after its look; the next second holds those of this one.
        let end = String(max((time + .seconds(5)).milliseconds, 0))
        let reply = try await one(RedisCommand("XREVRANGE", keys.looks, end, "-", "COUNT", "100"), what)
        guard let entries = reply.array else { throw QueueError.unexpected(reply, what) }
        return entries.lazy.compactMap { Self.look($0) }.first { $0.time <= time }
    }

    package func policy(_ hash: String) async throws(QueueError) -> String? {
        let what = "reading a policy"
        let reply = try await one(RedisCommand("GET", keys.policy(hash)), what)
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        return reply.string
    }

    private static func look(_ entry: RedisValue) -> RecordedLook? {
        let fields = fields(of: entry)
        guard let time = fields["t"].flatMap({ Int64($0) }), let policy = fields["p"],
            let observation = fields["o"], let state = fields["s"]
        else { return nil }
        return RecordedLook(
            time: Timestamp(microseconds: time), policy: policy, observation: observation, state: state, decisions: [])
    }

    private static func fields(of entry: RedisValue) -> [String: String] {
        let parts = entry.array?.last?.array ?? []
        var fields: [String: String] = [:]
        for index in stride(from: 1, to: parts.count, by: 2) {
            if let name = parts[index - 1].string, let value = parts[index].string { fields[name] = value }
        }
        return fields
    }

    // MARK: Common

    func one(_ command: RedisCommand, _ what: String) async throws(QueueError) -> RedisValue {
        try await client.perform([command], what).first ?? .null
    }

    private static func json(_ value: some Encodable) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Entries hold texts and whole numbers, which always have a form.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func sha256(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = SHA256(bytes, bytes.count, &digest)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
