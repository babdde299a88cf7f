import Jobs
import RedisClient
import Time

/// What Redis says of whether anybody leads, whatever keeps the lease.
enum LeaderRecord {
    /// How long a term counts that something else keeps and that was seen: it registers every few seconds.
    static let sightLife = Duration.seconds(15)

    static func command(_ keys: Keys) -> RedisCommand { RedisCommand("HMGET", keys.leader, "until", "seen") }

    /// - Parameters:
    ///   - record: the reply to `command`.
    ///   - time: that of Redis.
    static func isLed(_ record: RedisValue, time: RedisValue, _ what: String) throws(QueueError) -> Bool {
        guard let fields = record.array, fields.count == 2 else { throw QueueError.unexpected(record, what) }
        guard let seconds = time.array?.first?.integer else { throw QueueError.unexpected(time, what) }
        let now = Double(seconds) * 1_000
        let (until, seen) = (fields[0].string.flatMap { Double($0) }, fields[1].string.flatMap { Double($0) })
        return until.map { $0 > now } ?? false
            || seen.map { $0 + Double(sightLife.wholeMilliseconds) > now } ?? false
    }
}
