package import Jobs
import NIOCore
package import Operations
import RedisClient
package import Time

extension RedisOperatorStore {
    private static let minutesPerDay: Int64 = 1_440

    package func add(_ arrivals: [QueueName: Int], at time: Timestamp) async throws(QueueError) {
        guard !arrivals.isEmpty else { return }
        let minute = Self.minute(of: time)
        let seconds = String(Self.keptCounts.components.seconds)
        let calls = arrivals.sorted { $0.key.description < $1.key.description }.map { queue, count in
            RedisScript.controlCount.call(keys: [keys.arrivals(queue, day: minute / Self.minutesPerDay)])
                .with(String(minute % Self.minutesPerDay), String(max(count, 0)), seconds)
        }
        _ = try await client.perform(calls, "counting arrivals")
    }

    package func arrivals(
        at queue: QueueName, from: Timestamp, minutes: Int
    ) async throws(QueueError) -> [Int?] {
        let first = Self.minute(of: from)
        let count = Int64(min(max(minutes, 0), 100 * 1_440))
        guard count > 0 else { return [] }
        let days = Array((first / Self.minutesPerDay)...((first + count - 1) / Self.minutesPerDay))
        let what = "reading the arrivals of \(queue)"
        let replies = try await client.perform(
            days.map { RedisCommand("GET", keys.arrivals(queue, day: $0)) }, what)
        var counters: [Int64: ByteBuffer] = [:]
        for (day, reply) in zip(days, replies) {
            if let message = reply.errorMessage { throw QueueError(reply: message, what) }
            counters[day] = reply.bytes
        }
        return (first..<(first + count)).map { minute in
            guard let bytes = counters[minute / Self.minutesPerDay] else { return nil }
            let offset = bytes.readerIndex + Int(minute % Self.minutesPerDay) * 4
            guard let value = bytes.getInteger(at: offset, as: UInt32.self), value > 0 else { return nil }
            return Int(value) - 1
        }
    }

    package func add(_ usage: [UsageKey: Int64], at time: Timestamp) async throws(QueueError) {
        guard !usage.isEmpty else { return }
        let key = keys.usage(hour: Self.hour(of: time))
        var commands = usage.sorted { $0.key.text < $1.key.text }.map {
            RedisCommand("HINCRBY", key, $0.key.text, String($0.value))
        }
        commands.append(RedisCommand("EXPIRE", key, String(Self.keptCounts.components.seconds)))
        let what = "counting the workers' time"
        for reply in try await client.perform(commands, what) {
            if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        }
    }

    package func usage(from: Timestamp, to: Timestamp) async throws(QueueError) -> [UsageHour] {
        let earliest = max(Self.hour(of: from), Self.hour(of: to - Self.keptCounts))
        let hours = Array(earliest...max(Self.hour(of: to), earliest))
        let what = "reading the workers' time"
        let replies = try await client.perform(hours.map { RedisCommand("HGETALL", keys.usage(hour: $0)) }, what)
        var found: [UsageHour] = []
        for (hour, reply) in zip(hours, replies) {
            guard let pairs = reply.array else { throw QueueError.unexpected(reply, what) }
            var amounts: [UsageKey: Int64] = [:]
            for index in stride(from: 1, to: pairs.count, by: 2) {
                guard let key = pairs[index - 1].string.flatMap({ UsageKey($0) }), let value = pairs[index].integer
                else { continue }
                amounts[key] = Int64(value)
            }
            if !amounts.isEmpty {
                found.append(UsageHour(starts: Timestamp(microseconds: hour * 3_600_000_000), amounts: amounts))
            }
        }
        return found
    }

    private static func minute(of time: Timestamp) -> Int64 { max(time.microseconds, 0) / 60_000_000 }

    private static func hour(of time: Timestamp) -> Int64 { max(time.microseconds, 0) / 3_600_000_000 }
}
