import Jobs
import RedisClient
import Testing

@testable import RedisQueue

/// What Redis holds can be anything: nothing of it may trap.
@Suite struct StoredBytesTests {
    @Test(
        "the size of a body is bounded by what Redis can hold", arguments: ["9223372036854775807", "536870913", "-1"])
    func bodySizes(size: String) { #expect(JobBody("t \(size)") == nil) }

    @Test("a body that Spate wrote is read")
    func body() { #expect(JobBody("t 536870912")?.size == 512 << 20) }

    @Test("a census of any numbers is read", arguments: [Int.max, Int.max / 1_000 + 1, -1, 0, Int.min / 4])
    func census(number: Int) throws {
        let queue = try #require(QueueName("m.1"))
        var numbers = [4, 1, 0, 0, 4, number]
        for _ in 0..<3 { numbers += [2, number] }
        let snapshot = try QueueCensus.read(.array(numbers.map { .integer(Int64($0)) }), of: queue)
        #expect(snapshot.depth.waiting == 3)
    }

    @Test("the clock takes the sample of the shortest round trip, and none that is worse than what was measured")
    func clock() {
        let slow = ServerClock.Sample(offset: 2_000_000, roundTrip: 4_000_000)
        let good = ServerClock.Sample(offset: 5, roundTrip: 100)
        #expect(ServerClock.best(of: [slow, good, slow], isFirst: false) == good)
        #expect(ServerClock.best(of: [slow, slow], isFirst: false) == nil)
        #expect(ServerClock.best(of: [slow, slow], isFirst: true) == slow)
    }
}
