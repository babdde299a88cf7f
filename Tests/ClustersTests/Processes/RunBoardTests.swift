import Jobs
import Testing

@testable import Clusters

@Suite struct RunBoardTests {
    private func makeID(_ sequence: UInt32) throws -> JobID {
        try #require(JobID("m.1.normal.1732163000000-\(sequence)"))
    }

    @Test("one job that ran alone is guilty of the death; beside a load it only may have been it")
    func besideLoad() throws {
        let board = try #require(RunBoard.make())
        #expect(board.lastRuns == .unknown, "nobody uses it yet")
        board.begin()
        let job = try makeID(1)
        let place = try #require(board.reserve(1))
        board.note([job], at: place)
        #expect(board.lastRuns == .jobs([job]))
        #expect(Blame(tried: nil, ran: board.lastRuns).guilty == job)

        board.noteLoads(1)
        board.noteLoads(1)
        board.noteLoads(-1)
        #expect(board.lastRuns == .besideLoad([job]))
        let blame = Blame(tried: nil, ran: board.lastRuns)
        #expect(blame.guilty == nil && blame.suspects == .only([job]))
        #expect(blame.crashes(0, of: job) == 1, "from now on it is tried alone")
        #expect(blame.crashes(1, of: job) == 1)

        board.noteLoads(-1)
        #expect(board.lastRuns == .jobs([job]))
    }

    @Test("a load that ended a worker in which nothing ran is nobody's fault")
    func loadAlone() throws {
        let board = try #require(RunBoard.make())
        board.begin()
        board.noteLoads(1)
        let blame = Blame(tried: nil, ran: board.lastRuns)
        #expect(blame.guilty == nil && blame.suspects == .only([]))
    }
}
