import Glibc
package import Jobs
import RedisClient
import Synchronization
package import Time

/// The time of the Redis server: this machine's monotonic clock plus an offset measured by `TIME`.
///
/// Until the first measurement it tells the machine's own time. The error is at most half of the shortest round trip
/// (about 50 µs on one machine) plus what the clocks drift apart in 30 s. A clock of the server that is set, and another
/// server after a failover, are noticed within a second, after each reconnect, and by whoever sees a time that cannot be.
package final class ServerClock: TimeSource {
    private static let refresh: Duration = .seconds(30)
    private static let look: Duration = .seconds(1)
    private static let samples = 5
    /// A look that differs by more than this and its round trip is followed by a measurement.
    private static let tolerance: Int64 = 20_000

    /// What took longer says less than an earlier measurement, 200 ms in microseconds.
    private static let longestRoundTrip: Int64 = 200_000

    /// One look at the server's time, in microseconds.
    struct Sample: Equatable {
        var offset: Int64
        var roundTrip: Int64
    }

    private let client: RedisClient
    private let timing: QueueTiming
    private let origin: Timestamp
    /// Microseconds from the origin's zero to the epoch.
    private let offset: Atomic<Int64>
    private let measured = Mutex<Timestamp?>(nil)
    private let doubts: AsyncStream<Void>
    private let doubt: AsyncStream<Void>.Continuation

    package init(_ connections: RedisConnections) {
        let (doubts, doubt) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.doubts, self.doubt) = (doubts, doubt)
        timing = connections.timing
        origin = timing.now()
        client = connections.makeClient("clock") { doubt.yield() }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        offset = Atomic(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    package func now() -> Timestamp {
        Timestamp(microseconds: elapsed() + offset.load(ordering: .relaxed))
    }

    /// Takes note of the server's time in what it just answered, for example an entry's id. One that is off by more than a
    /// second says that its clock was set, or that it is another server.
    func note(server milliseconds: UInt64) {
        // Entries never go back: after a clock that was set back they stay ahead of it.
        if let last = measured.withLock({ $0 }), timing.now() - last < Self.look { return }
        let difference = now().milliseconds - Int64(clamping: milliseconds)
        if abs(difference) > 1_000 { doubt.yield() }
    }

    /// Keeps the connection, looks each second and measures every 30 s, until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.client.run() }
            group.addTask {
                while !Task.isCancelled {
                    await self.timing.pause(Self.look)
                    await self.lookAgain()
                }
            }
            group.addTask {
                for await _ in self.doubts { await self.measureQuietly() }
            }
            await group.waitForAll()
        }
    }

    private func lookAgain() async {
        let age = measured.withLock { $0.map { timing.now() - $0 } }
        do throws(QueueError) {
            guard let age, age < Self.refresh else { return await measureQuietly() }
            let sample = try await sample()
            let difference = (sample.offset &- offset.load(ordering: .relaxed)).magnitude
            if difference > (Self.tolerance + sample.roundTrip).magnitude { await measureQuietly() }
        } catch {
            // The old offset still holds; it is measured anew as soon as there is a connection again.
        }
    }

    private func measureQuietly() async {
        do throws(QueueError) {
            try await measure()
        } catch {
            // As above.
        }
    }

    /// Measures the offset now. `run` must be under way.
    package func measure() async throws(QueueError) {
        var samples: [Sample] = []
        for _ in 0..<Self.samples { samples.append(try await sample()) }
        let isFirst = measured.withLock { $0 == nil }
        guard let best = Self.best(of: samples, isFirst: isFirst) else { return }
        offset.store(best.offset, ordering: .relaxed)
        measured.withLock { $0 = timing.now() }
    }

    /// The sample that says most: that of the shortest round trip, by half of which it may be wrong.
    /// - Returns: `nil` where an earlier measurement is better than any of them.
    static func best(of samples: [Sample], isFirst: Bool) -> Sample? {
        guard let best = samples.min(by: { $0.roundTrip < $1.roundTrip }) else { return nil }
        return isFirst || best.roundTrip <= longestRoundTrip ? best : nil
    }

    /// One look at the server's time, which lies in the middle of the round trip.
    private func sample() async throws(QueueError) -> Sample {
        let sent = elapsed()
        let reply = try await client.perform([RedisCommand("TIME")], "reading the time of Redis").first ?? .null
        let received = elapsed()
        guard let parts = reply.array, parts.count == 2, let seconds = parts[0].integer,
            let microseconds = parts[1].integer
        else { throw QueueError.unexpected(reply, "reading the time of Redis") }
        let server = Int64(seconds) &* 1_000_000 &+ Int64(microseconds)
        return Sample(offset: server &- (sent + received) / 2, roundTrip: received - sent)
    }

    private func elapsed() -> Int64 { (timing.now() - origin).wholeMicroseconds }

    /// Monotonic, by which what takes long is measured.
    func steadyNow() -> Timestamp { timing.now() }
}
