import TestKit
import TestSupport
import Testing
import Time

@testable import ExternalScaler

@Suite struct DesiredCountBoardTests {
    private let clock = ManualClock(Timestamp(microseconds: 1_000_000_000))

    private func makeBoard(pools: [String] = ["cpu", "gpu"], streamLimit: Int = 10) -> DesiredCountBoard {
        DesiredCountBoard(pools: pools, time: clock, staleAfter: .seconds(10), streamLimit: streamLimit)
    }

    @Test("tells the newest count of a pool")
    func newest() throws {
        let board = makeBoard()
        board.publish([DesiredCount(pool: "cpu", count: 3, at: clock.now())])
        board.publish([DesiredCount(pool: "cpu", count: 5, at: clock.now())])
        #expect(try board.count(of: "cpu") == DesiredCount(pool: "cpu", count: 5, isActive: true, at: clock.now()))
    }

    @Test("has no number for a pool that nobody decided about, and none for an unknown one")
    func noCount() {
        let board = makeBoard()
        #expect(throws: NoCount.notYet) { try board.count(of: "cpu") }
        #expect(throws: NoCount.unknownPool(known: ["cpu", "gpu"])) { try board.count(of: "tpu") }
        board.publish([DesiredCount(pool: "tpu", count: 1, at: clock.now())])
        #expect(throws: NoCount.unknownPool(known: ["cpu", "gpu"])) { try board.count(of: "tpu") }
    }

    @Test("tells a count until it is ten seconds old, and no longer")
    func stale() throws {
        let board = makeBoard()
        board.publish([DesiredCount(pool: "cpu", count: 3, at: clock.now())])
        clock.advance(by: .seconds(10))
        #expect(try board.count(of: "cpu").count == 3)
        clock.advance(by: .milliseconds(1))
        #expect(throws: NoCount.stale(age: .milliseconds(10_001), limit: .seconds(10))) { try board.count(of: "cpu") }
    }

    @Test("keeps a newer count when an older one comes late")
    func lateCount() throws {
        let board = makeBoard()
        board.publish([DesiredCount(pool: "cpu", count: 3, at: clock.now())])
        board.publish([DesiredCount(pool: "cpu", count: 9, at: clock.now() - .seconds(1))])
        #expect(try board.count(of: "cpu").count == 3)
    }

    @Test("wakes the readers of a pool whose count changes, and no others")
    func wakes() async throws {
        let board = makeBoard()
        board.publish([
            DesiredCount(pool: "cpu", count: 0, at: clock.now()), DesiredCount(pool: "gpu", count: 0, at: clock.now()),
        ])
        let cpu = try board.watch("cpu")
        let gpu = try board.watch("gpu")
        board.publish([
            DesiredCount(pool: "cpu", count: 1, at: clock.now()), DesiredCount(pool: "gpu", count: 0, at: clock.now()),
        ])
        board.close()
        #expect(await cpu.wakes() == 1)
        #expect(await gpu.wakes() == 0)
    }

    @Test("a reader that does not read costs one signal, however much changes")
    func slowReader() async throws {
        let board = makeBoard()
        let watch = try board.watch("cpu")
        for count in 0..<1_000 { board.publish([DesiredCount(pool: "cpu", count: count, at: clock.now())]) }
        board.close()
        #expect(await watch.wakes() == 1)
    }

    @Test("refuses streams above its limit, and takes one more when one has ended")
    func streamLimit() throws {
        let board = makeBoard(streamLimit: 2)
        let first = try board.watch("cpu")
        _ = try board.watch("gpu")
        #expect(throws: NoCount.tooManyStreams(limit: 2)) { try board.watch("cpu") }
        board.unwatch(first)
        #expect(board.openStreams == 1)
        _ = try board.watch("cpu")
    }

    @Test("ends the streams of a pool that is configured away")
    func configuredAway() async throws {
        let board = makeBoard()
        board.publish([DesiredCount(pool: "gpu", count: 2, at: clock.now())])
        let gpu = try board.watch("gpu")
        board.configure(pools: ["cpu"])
        #expect(await gpu.wakes() == 0)
        #expect(throws: NoCount.unknownPool(known: ["cpu"])) { try board.count(of: "gpu") }
    }

    @Test("wakes streams when their pool's count grows too old")
    func staleStreams() async throws {
        let board = makeBoard()
        board.publish([DesiredCount(pool: "cpu", count: 1, at: clock.now())])
        let watch = try board.watch("cpu")
        board.endStaleStreams()
        clock.advance(by: .seconds(11))
        board.endStaleStreams()
        board.close()
        #expect(await watch.wakes() == 1)
    }
}

extension DesiredCountBoard.Watch {
    /// How often it woke until it ended.
    fileprivate func wakes() async -> Int {
        var count = 0
        for await _ in signals { count += 1 }
        return count
    }
}
