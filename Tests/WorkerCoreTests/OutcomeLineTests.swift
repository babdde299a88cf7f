import Jobs
import Testing
import Time
import WorkerTestSupport

@testable import WorkerCore

@Suite struct OutcomeLineTests {
    private func finished(_ number: Int, rows: Int = 1) throws -> Release {
        let job = try makeJob(number, rows: rows)
        return .settle(
            Settlement(
                outcome: Outcome(
                    id: job.id, replyTo: nil, echo: job.job.echo, ending: .finished(job.job.inputs),
                    run: RunRecord(submitted: .zero, settled: .zero)),
                retention: .seconds(1)))
    }

    private func makeLine(capacity: Int = 4_096, byteCapacity: Int = 1 << 20) -> OutcomeLine {
        OutcomeLine(capacity: capacity, byteCapacity: byteCapacity)
    }

    @Test("a write carries all that waits, up to 512 jobs")
    func writes() throws {
        var line = makeLine()
        line.add(try (0..<700).map { try finished($0) })
        #expect(line.next().count == OutcomeLine.largestWrite)
        line.wrote(settled: OutcomeLine.largestWrite, bytes: OutcomeLine.largestWrite * 8, remaining: 0)
        #expect(line.next().count == 188 && line.count == 188)
        line.wrote(settled: 188, bytes: 188 * 8, remaining: 0)
        #expect(line.isEmpty && line.bytes == 0 && line.settled == 700)
    }

    @Test("what the queue refuses is written by itself until all that waited had its turn")
    func singles() throws {
        var line = makeLine()
        line.add(try (0..<3).map { try finished($0) })
        let batch = line.next()
        #expect(line.failed(batch, QueueError(.malformed, "refused")) == .wait)
        #expect(line.isFailing && line.count == 3)
        for _ in 0..<3 {
            #expect(line.next().count == 1)
            line.wrote(settled: 1, bytes: 8, remaining: 0)
        }
        #expect(!line.isFailing)
        line.add(try (3..<5).map { try finished($0) })
        #expect(line.next().count == 2)
    }

    @Test("a queue that is away gets everything again in one write")
    func away() throws {
        var line = makeLine()
        line.add(try (0..<3).map { try finished($0) })
        #expect(line.failed(line.next(), QueueError(.unavailable, "away")) == .wait)
        #expect(line.next().count == 3)
    }

    @Test("an outcome that is too large leaves as a failure that says so")
    func tooLarge() throws {
        var line = makeLine()
        line.add([try finished(1, rows: 100)])
        #expect(line.failed(line.next(), QueueError(.tooLarge, "800 bytes")) == .goOn)
        #expect(line.bytes == 0)
        guard case .settle(let settlement)? = line.next().first,
            case .failed(let failure) = settlement.outcome.ending
        else {
            Issue.record("not settled as failed")
            return
        }
        #expect(failure.message == "the outcome is too large: 800 bytes")
    }

    @Test("it is full by jobs or by bytes, those being written included")
    func full() throws {
        var line = makeLine(capacity: 2)
        line.add(try (0..<2).map { try finished($0) })
        #expect(line.isFull)
        _ = line.next()
        #expect(line.isFull)
        line.wrote(settled: 1, bytes: 8, remaining: 1)
        #expect(!line.isFull)
        var small = makeLine(byteCapacity: 100)
        small.add([try finished(1, rows: 10), .handBack(try makeJob(2, rows: 3))])
        #expect(small.bytes == 104 && small.isFull)
        small.add([.retry(try makeJob(3, rows: 1), after: .zero, error: "e")])
        #expect(small.bytes == 112)
        _ = small.next()
        small.wrote(settled: 1, bytes: 80, remaining: 2)
        small.wrote(settled: 0, bytes: 24, remaining: 1)
        small.wrote(settled: 0, bytes: 8, remaining: 0)
        #expect(small.bytes == 0 && small.isEmpty && !small.isFull)
    }
}
