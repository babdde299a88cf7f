import Batching
import Jobs
import Testing
import Time
import WorkerTestSupport

@testable import WorkerCore

@Suite struct ReleaseRulesTests {
    private let rules = ReleaseRules(worker: "w", maximumAttempts: 3)

    /// What is released of a job that fails with `fault` in its run of number `attempt`.
    private func release(_ fault: BatchResult.Failure.Fault, attempt: Int) throws -> ReleaseRules.Released {
        var ledger = ModelLedger(policy: BatchingPolicy(instances: 1))
        let begun = ledger.accept([try admit(try makeJob(1, attempt: attempt))], now: .zero)
        let start = try #require(begun.start.first)
        let result = execute(start.work, on: Echo(fault: fault, isBad: { _ in true }))
        let ended = try #require(ledger.completed(result, on: start.instance, now: .zero).release.first)
        return rules.release(of: ended.held, ended.ending, now: .zero + .milliseconds(5))
    }

    @Test("a failure of the backend is tried again while attempts are left, later each time")
    func retries() throws {
        for (attempt, delay) in [(1, Duration.milliseconds(100)), (2, .milliseconds(200))] {
            let released = try release(.backend, attempt: attempt)
            guard case .retry(_, let after, _) = released.release else {
                Issue.record("\(released)")
                continue
            }
            #expect(after == delay && released.ending == .retried)
        }
        #expect(ReleaseRules.retryDelay(attempt: 30) == .seconds(5))
    }

    struct Final: Sendable, CustomTestStringConvertible {
        var fault: BatchResult.Failure.Fault
        var attempt: Int
        var code: JobFailure.Code
        var testDescription: String { "\(fault) in attempt \(attempt)" }
    }

    @Test(
        "the last attempt, a bad input and a broken bound end the job",
        arguments: [
            Final(fault: .backend, attempt: 3, code: .backend), Final(fault: .input, attempt: 1, code: .invalidInput),
            Final(fault: .bound, attempt: 1, code: .backend),
        ])
    func ends(row: Final) throws {
        let released = try release(row.fault, attempt: row.attempt)
        guard case .settle(let settlement) = released.release, case .failed(let failure) = settlement.outcome.ending
        else {
            Issue.record("\(released)")
            return
        }
        #expect(failure.code == row.code && failure.attempts == row.attempt && released.ending == .failed)
    }

    @Test("the record of a run says how long the job waited for a worker, for its batch, and how it ran")
    func record() throws {
        var ledger = ModelLedger(policy: BatchingPolicy(instances: 1))
        let job = try makeJob(1, rows: 2, submitted: .zero)
        let start = try #require(ledger.accept([try admit(job)], now: .zero + .milliseconds(3)).start.first)
        let ended = try #require(
            ledger.completed(execute(start.work), on: start.instance, now: .zero + .milliseconds(9)).release.first)
        let released = rules.release(of: ended.held, ended.ending, now: .zero + .milliseconds(9))
        guard case .settle(let settlement) = released.release else {
            Issue.record("\(released)")
            return
        }
        let run = settlement.outcome.run
        #expect(run.queueWait == .milliseconds(3) && run.batchWait == .zero && run.batchRows == 2)
        #expect(run.worker == "w" && run.settled == .zero + .milliseconds(9) && released.batchWait == .zero)
    }
}
