import Glibc
package import Jobs
import RedisClient
import Synchronization
package import Time

/// The time of the Redis server: this machine's monotonic clock plus an offset measured by `TIME`.
///
/// Until the first measurement it tells the machine's own time. The error is at most half of the shortest round trip
/// (about 50 µs on one machine) plus what the clocks drift apart in 30 s.
package final class ServerClock: TimeSource {
    private static let refresh: Duration = .seconds(30)
    private static let samples = 5

    private let client: RedisClient
    private let origin = ContinuousClock.now
    /// Microseconds from the origin's zero to the epoch.
    private let offset: Atomic<Int64>

    package init(_ connections: RedisConnections) {
        client = connections.makeClient("clock")
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        offset = Atomic(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    package func now() -> Timestamp {
        Timestamp(microseconds: elapsed() + offset.load(ordering: .relaxed))
    }

    /// Keeps the connection and measures every 30 s, until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.client.run() }
            group.addTask {
                while !Task.isCancelled {
                    var pause = Self.refresh
                    do throws(QueueError) {
                        try await self.measure()
                    } catch {
                        // The old offset still holds; a server that went away is asked again soon.
                        pause = .seconds(1)
                    }
                    // Only cancellation ends the sleep early, and the loop's condition sees it.
                    try? await Task.sleep(for: pause)
                }
            }
            await group.waitForAll()
        }
    }

    /// Measures the offset now. `run` must be under way.
    package func measure() async throws(QueueError) {
        var shortest = Int64.max
        for _ in 0..<Self.samples {
            let sent = elapsed()
            let reply = try await client.perform([RedisCommand("TIME")], "reading the time of Redis").first ?? .null
            let received = elapsed()
            guard let parts = reply.array, parts.count == 2, let seconds = parts[0].integer,
                let microseconds = parts[1].integer
            else { throw QueueError.unexpected(reply, "reading the time of Redis") }
            guard received - sent < shortest else { continue }
            shortest = received - sent
            let server = Int64(seconds) * 1_000_000 + Int64(microseconds)
            offset.store(server - (sent + received) / 2, ordering: .relaxed)
        }
    }

    private func elapsed() -> Int64 { (ContinuousClock.now - origin).wholeMicroseconds }
}
