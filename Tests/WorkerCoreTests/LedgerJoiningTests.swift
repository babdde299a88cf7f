import Batching
import Jobs
import Tensors
import Testing
import Time
import WorkerTestSupport

@testable import WorkerCore

/// What the ledger does when outputs have not the rows of the inputs.
@Suite struct LedgerJoiningTests {
    private func makeLedger(maximumRows: Int = 8, instances: Int = 1) -> ModelLedger {
        ModelLedger(policy: BatchingPolicy(maximumRows: maximumRows, instances: instances))
    }

    /// `y` = ones, in as many rows as `answer` says of the rows that came.
    private func run(_ work: BatchWork, answer: @escaping (Int) -> Int) -> BatchResult {
        let executor = BatchExecutor(now: { .zero }) { (inputs, _, _) throws(BatchResult.Failure) in
            [makeTensor("y", values: Array(repeating: 1, count: answer(inputs[0].rows) * 2))]
        }
        return executor.execute(work, onRerun: {})
    }

    @Test("what a joined batch of another instance brings after that is dropped, too, and runs again whole")
    func dropsOthers() throws {
        var ledger = makeLedger(instances: 2)
        let first = ledger.accept(try [1, 2].map { try admit(makeJob($0, rows: 8)) }, now: .zero).start
        #expect(ledger.accept(try (3...6).map { try admit(makeJob($0, rows: 4)) }, now: .zero).start.isEmpty)
        // Both come back: each starts a joined batch of two.
        var joined: [(instance: Int, work: BatchWork)] = []
        for start in first {
            joined += ledger.completed(run(start.work, answer: { $0 }), on: start.instance, now: .zero).start
        }
        #expect(joined.map(\.work.parts.count) == [2, 2])
        let refuted = ledger.completed(
            run(joined[0].work, answer: { _ in 1 }), on: joined[0].instance, now: .zero)
        #expect(refuted.stopsJoining != nil)
        #expect(refuted.release.isEmpty)
        // The other one's rows are as many as they should be, and yet its answers were joined.
        let second = ledger.completed(
            run(joined[1].work, answer: { $0 }), on: joined[1].instance, now: .zero)
        #expect(second.stopsJoining == nil)
        #expect(second.release.isEmpty)
        var waiting = refuted.start + second.start
        var released = 0
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            #expect(next.work.isOneRequest && next.work.counting == .whole)
            let actions = ledger.completed(
                run(next.work, answer: { _ in 1 }), on: next.instance, now: .zero)
            released += actions.release.count
            waiting += actions.start
        }
        #expect(released == 4)
        #expect(ledger.isIdle)
    }

    @Test("a lone request's outputs are its own, and end joining for those that wait")
    func lone() throws {
        var ledger = makeLedger()
        let begun = ledger.accept([try admit(makeJob(1, rows: 2))], now: .zero)
        _ = ledger.accept(try (2...4).map { try admit(makeJob($0)) }, now: .zero)
        let work = try #require(begun.start.first)
        let actions = ledger.completed(
            run(work.work, answer: { _ in 7 }), on: work.instance, now: .zero)
        #expect(actions.release.count == 1)
        guard case .finished? = actions.release.first?.ending else {
            Issue.record("\(String(describing: actions.release.first))")
            return
        }
        #expect(actions.release.first?.held.parts.first?.outputs.first?.shape == [7, 2])
        #expect(actions.stopsJoining != nil)
        #expect(actions.start.map(\.work.parts.count) == [1])
        #expect(ledger.assembler.waitingItems == 2)
    }

    @Test("a worker that drains gives back what would have to run again")
    func drains() throws {
        var ledger = makeLedger()
        let begun = ledger.accept([try admit(makeJob(1, rows: 20))], now: .zero)
        _ = ledger.drain(now: .zero)
        let work = try #require(begun.start.first)
        let actions = ledger.completed(
            run(work.work, answer: { _ in 1 }), on: work.instance, now: .zero)
        guard case .handedBack? = actions.release.first?.ending else {
            Issue.record("\(actions.release)")
            return
        }
        #expect(ledger.isIdle)
    }
}
