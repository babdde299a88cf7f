import Jobs
import RedisClient
import TestSupport
import Testing
import Time

@testable import RedisQueue

@Suite(.timeLimit(.minutes(1))) struct PublishedCountTests {
    @Test("every scaler reads what the leader published, at once, and nothing of a deposed one")
    func published() async throws {
        try await withPrivateRedis { server in
            try await LeadershipHarness.run(server) { harness in
                let leader = harness.stopped("a", LeaseCandidacy.Timing(lease: .seconds(30), renewal: .seconds(10)))
                await leader.contend()
                let term = try #require(leader.term())
                let (seen, continuation) = AsyncStream.makeStream(of: [PublishedCount].self)
                harness.follow { continuation.yield($0) }
                var iterator = seen.makeAsyncIterator()
                #expect(await iterator.next() == [])
                let counts = [
                    PublishedCount(pool: "cpu", count: 3, isActive: true, at: Timestamp(microseconds: 17)),
                    PublishedCount(pool: "gpu", count: 0, isActive: false, at: Timestamp(microseconds: 18)),
                ]
                try await harness.fence.publish(counts, in: term)
                // A look by the clock may come first.
                var next = await iterator.next()
                while next == [] { next = await iterator.next() }
                #expect(next == counts)

                let heir = harness.stopped(
                    "b", LeaseCandidacy.Timing(lease: .seconds(30), renewal: .seconds(10)), contention: .sole)
                await heir.contend()
                await #expect(throws: FenceError.self) {
                    try await harness.fence.publish(
                        [PublishedCount(pool: "cpu", count: 0, isActive: false, at: Timestamp(microseconds: 99))],
                        in: term)
                }
                let newer = [PublishedCount(pool: "cpu", count: 4, isActive: true, at: Timestamp(microseconds: 100))]
                try await harness.fence.publish(newer, in: try #require(heir.term()))
                while next == counts { next = await iterator.next() }
                #expect(next == newer)
            }
        }
    }

    @Test(
        "what is no count is left out",
        arguments: [
            "", "3", "3 1", "3 1 x", "-1 1 5", "3 2 5", "3 1 5 6", " 3 1 5", "3  1 5", "99999999999999999999 1 5",
        ])
    func malformed(text: String) {
        #expect(PublishedCount(pool: "cpu", text: text) == nil)
    }

    @Test("a count reads as it was written")
    func roundTrip() {
        let count = PublishedCount(pool: "cpu", count: 12, isActive: true, at: Timestamp(microseconds: 1_700_000_000))
        #expect(count.text == "12 1 1700000000")
        #expect(PublishedCount(pool: "cpu", text: count.text) == count)
    }
}
