import Batching
import Jobs
import Random
import Tensors
import Testing
import Time
import WorkerTestSupport

@testable import WorkerCore

@Suite struct ModelLedgerTests {
    private func makeLedger(maximumRows: Int = 4, instances: Int = 1) -> ModelLedger {
        ModelLedger(policy: BatchingPolicy(maximumRows: maximumRows, instances: instances))
    }

    @Test("a job runs, and leaves with its outputs when its batch is back")
    func oneJob() throws {
        var ledger = makeLedger()
        let accepted = ledger.accept([try admit(try makeJob(7))], now: .zero)
        let start = try #require(accepted.start.first)
        #expect(ledger.heldJobs == 1 && !ledger.isIdle)
        let done = ledger.completed(execute(start.work), on: start.instance, now: .zero)
        let release = try #require(done.release.first)
        guard case .finished = release.ending else {
            Issue.record("ended as \(release.ending)")
            return
        }
        let outputs = try RowParts.joined(release.held.parts)
        #expect(outputs.map(\.name) == ["y"])
        #expect(floats(outputs[0]) == [7, 7 + 1 / 1_024])
        #expect(ledger.isIdle)
        #expect(ledger.rows == 1 && ledger.batches == 1)
    }

    @Test("a large request comes back whole from its parts, in the order of its rows")
    func largeRequest() throws {
        var ledger = makeLedger(maximumRows: 4, instances: 2)
        let job = try makeJob(3, rows: 11)
        var running = ledger.accept([try admit(job)], now: .zero).start
        var released: [ModelLedger.Held] = []
        var runs = 0
        while !running.isEmpty {
            // The latest first, so that parts come back out of order.
            let start = running.removeLast()
            runs += 1
            let actions = ledger.completed(execute(start.work), on: start.instance, now: .zero)
            running += actions.start
            released += actions.release.map(\.held)
        }
        #expect(runs >= 3)
        let held = try #require(released.first)
        #expect(released.count == 1)
        let outputs = try RowParts.joined(held.parts)
        #expect(outputs[0].shape == [11, 2])
        #expect(floats(outputs[0]) == floats(job.job.inputs[0]))
    }

    @Test("a batch's time is divided among tenants by rows; what named none is in no share")
    func tenants() throws {
        var ledger = makeLedger(maximumRows: 8)
        var jobs = [try makeJob(1, rows: 1), try makeJob(2, rows: 2), try makeJob(3, rows: 1)]
        jobs[0].job.tenant = "acme"
        jobs[1].job.tenant = "globex"
        let admitted = try jobs.map { try admit($0) }
        let start = try #require(ledger.accept(admitted, now: .zero).start.first)
        #expect(start.work.rows == 4)
        var result = execute(start.work)
        result.occupied = .milliseconds(80)
        _ = ledger.completed(result, on: start.instance, now: .zero)
        #expect(
            ledger.tenants.report == [
                WorkerReport.TenantReport(tenant: "acme", rows: 1, busy: .milliseconds(20)),
                WorkerReport.TenantReport(tenant: "globex", rows: 2, busy: .milliseconds(40)),
            ])
        #expect(ledger.rows == 4 && ledger.busy == .milliseconds(80))
    }

    @Test("tenants beyond those that are counted by name share one entry")
    func manyTenants() {
        var shares = TenantShares()
        for number in 0..<(TenantShares.limit + 10) { shares.add("t\(number)", rows: 1, busy: .seconds(1)) }
        shares.add("t3", rows: 1, busy: .zero)
        let report = shares.report ?? []
        #expect(report.count == TenantShares.limit + 1)
        #expect(report.first { $0.tenant == Tenant.others }?.rows == 10)
        #expect(report.first { $0.tenant == "t3" }?.rows == 2)
        #expect(report.reduce(0) { $0 + $1.rows } == TenantShares.limit + 11)
    }

    @Test("a job that workers died with waits, and runs alone while nothing else is started")
    func trials() throws {
        var ledger = makeLedger(maximumRows: 8, instances: 2)
        var jobs = try (1...4).map { try makeJob($0) }
        jobs[1].crashes = 1
        jobs[3].crashes = 2
        let accepted = ledger.accept(try jobs.map { try admit($0) }, now: .zero, steady: .zero)
        #expect(accepted.changesTrials && ledger.heldJobs == 4)
        let started = accepted.start.flatMap(\.work.parts).count
        #expect(started == 2, "only those without crashes")
        #expect(ledger.nextTrial() == jobs[1].id)
        #expect(ledger.nextTrial() == nil, "one at a time")
        _ = ledger.putBackTrial()
        ledger.hold()
        #expect(ledger.nextTrial() == jobs[1].id)
        for start in accepted.start {
            _ = ledger.completed(execute(start.work), on: start.instance, now: .zero, steady: .zero)
        }
        #expect(ledger.runs.isEmpty)
        let first = ledger.startTrial(now: .zero, steady: .zero)
        let run = try #require(first.start.first)
        #expect(run.work.parts.count == 1)
        let fresh = ledger.accept([try admit(try makeJob(5))], now: .zero, steady: .zero)
        #expect(fresh.start.isEmpty, "there is another instance, and it must stay idle")
        let done = ledger.completed(execute(run.work), on: run.instance, now: .zero, steady: .zero)
        #expect(done.release.map(\.held.admitted.job.id) == [jobs[1].id])
        #expect(done.changesTrials && done.start.isEmpty, "still held: the mark has to be taken off first")
        #expect(ledger.nextTrial() == jobs[3].id)
        let lost = ledger.loseTrial()
        #expect(lost.release.map(\.held.admitted.job.id) == [jobs[3].id])
        #expect(ledger.release(now: .zero, steady: .zero).start.map(\.work.parts.count) == [1])
    }

    @Test("a large job on trial runs in its parts side by side, and nothing between them")
    func largeTrial() throws {
        var ledger = makeLedger(maximumRows: 4, instances: 2)
        var large = try makeJob(1, rows: 12)
        large.crashes = 1
        ledger.hold()
        _ = ledger.accept([try admit(large), try admit(try makeJob(2))], now: .zero, steady: .zero)
        #expect(ledger.nextTrial() == large.id)
        var running = ledger.startTrial(now: .zero, steady: .zero).start
        #expect(running.count == 2)
        var rows = 0
        var released: [JobID] = []
        while let run = running.popLast() {
            #expect(run.work.parts.allSatisfy { $0.job == large.id })
            rows += run.work.rows
            let next = ledger.completed(execute(run.work), on: run.instance, now: .zero, steady: .zero)
            running += next.start
            released += next.release.map(\.held.admitted.job.id)
        }
        #expect(rows == 12 && released == [large.id])
        #expect(ledger.release(now: .zero, steady: .zero).start.count == 1)
    }

    @Test("jobs that wait for their trial are cancelled and handed back like others")
    func leavingTrials() throws {
        var ledger = makeLedger()
        var jobs = try (1...3).map { try makeJob($0) }
        for index in jobs.indices { jobs[index].crashes = 1 }
        _ = ledger.accept(try jobs.map { try admit($0) }, now: .zero, steady: .zero)
        #expect(ledger.nextTrial() == jobs[0].id)
        #expect(ledger.cancel(jobs[1].id).release.count == 1)
        let drained = ledger.drain(now: .zero, steady: .zero)
        #expect(drained.release.map(\.held.admitted.job.id) == [jobs[2].id])
        let late = ledger.startTrial(now: .zero, steady: .zero)
        #expect(late.start.isEmpty && late.release.map(\.held.admitted.job.id) == [jobs[0].id])
        #expect(ledger.isIdle)
    }

    @Test("one bad request fails alone; its batch mates finish", arguments: 0..<8)
    func isolation(bad: Int) throws {
        var ledger = makeLedger(maximumRows: 8)
        let blocker = try #require(ledger.accept([try admit(try makeJob(100))], now: .zero).start.first)
        #expect(ledger.accept(try (0..<8).map { try admit(try makeJob($0)) }, now: .zero).start.isEmpty)
        let start = try #require(ledger.completed(execute(blocker.work), on: 0, now: .zero).start.first)
        #expect(start.work.parts.count == 8)
        let result = execute(start.work, on: Echo(isBad: { Int($0) == bad }))
        #expect(!result.isWhole)
        let actions = ledger.completed(result, on: 0, now: .zero)
        #expect(actions.release.count == 8)
        for release in actions.release {
            let isBad = release.held.admitted.job.id.entry.milliseconds == UInt64(bad)
            switch release.ending {
            case .failed(let failure): #expect(isBad && failure.fault == .input)
            case .finished: #expect(!isBad)
            default: Issue.record("ended as \(release.ending)")
            }
        }
    }

    @Test("what a broken backend gave up without a run of its own is a failure of the backend")
    func givenUp() throws {
        var ledger = makeLedger(maximumRows: 32)
        let blocker = try #require(ledger.accept([try admit(try makeJob(100))], now: .zero).start.first)
        _ = ledger.accept(try (0..<32).map { try admit(try makeJob($0)) }, now: .zero)
        let start = try #require(ledger.completed(execute(blocker.work), on: 0, now: .zero).start.first)
        let result = execute(start.work, on: Echo(isBad: { _ in true }))
        #expect(result.parts.count == 32)
        let faults = result.parts.compactMap { part -> BatchResult.Failure.Fault? in
            if case .failure(let failure) = part.outputs { failure.fault } else { nil }
        }
        #expect(faults.count == 32)
        #expect(faults.contains(.backend))
    }

    @Test("a waiting job that is cancelled leaves; a running one runs to its end")
    func cancellation() throws {
        var ledger = makeLedger(maximumRows: 1)
        let running = try makeJob(1)
        let waiting = try makeJob(2)
        let start = try #require(
            ledger.accept([try admit(running), try admit(waiting)], now: .zero).start.first)
        #expect(ledger.cancel(running.id).release.isEmpty)
        let left = ledger.cancel(waiting.id).release
        #expect(left.map(\.held.admitted.job.id) == [waiting.id])
        #expect(ledger.cancel(waiting.id).release.isEmpty)
        let done = ledger.completed(execute(start.work), on: 0, now: .zero)
        #expect(done.release.map(\.held.admitted.job.id) == [running.id])
        #expect(done.start.isEmpty)
    }

    @Test("a drain gives back what waits and finishes what runs")
    func drain() throws {
        var ledger = makeLedger(maximumRows: 1)
        let jobs = try (1...3).map { try makeJob($0) }
        let start = try #require(ledger.accept(try jobs.map { try admit($0) }, now: .zero).start.first)
        let returned = ledger.drain(now: .zero).release
        #expect(Set(returned.map(\.held.admitted.job.id)) == [jobs[1].id, jobs[2].id])
        #expect(ledger.heldJobs == 1)
        let done = ledger.completed(execute(start.work), on: 0, now: .zero)
        #expect(done.release.count == 1 && ledger.isIdle)
    }

    @Test("a result that comes after everything was abandoned releases nothing")
    func abandon() throws {
        var ledger = makeLedger()
        let job = try makeJob(1)
        let start = try #require(ledger.accept([try admit(job)], now: .zero).start.first)
        #expect(ledger.abandon().map(\.id) == [job.id])
        #expect(ledger.completed(execute(start.work), on: 0, now: .zero).release.isEmpty)
    }

    @Test("what is left of a request in parts that was abandoned is not run")
    func abandonsRest() throws {
        var ledger = makeLedger(maximumRows: 4)
        let start = try #require(ledger.accept([try admit(try makeJob(1, rows: 11))], now: .zero).start.first)
        #expect(ledger.abandon().count == 1)
        let late = ledger.completed(execute(start.work), on: start.instance, now: .zero)
        #expect(late.start.isEmpty && late.release.isEmpty)
        #expect(ledger.isIdle)
    }

    @Test("a run is a long one beyond what was to be expected, and at least 2 s")
    func longRun() throws {
        var ledger = makeLedger()
        _ = ledger.accept([try admit(try makeJob(1))], now: .zero)
        #expect(!ledger.hasLongRun(steady: .zero + .seconds(2)))
        #expect(ledger.hasLongRun(steady: .zero + .milliseconds(2_001)))
    }

    @Test("an expired job leaves as expired and never starts")
    func expired() throws {
        var ledger = makeLedger(maximumRows: 1)
        let late = try makeJob(2, deadline: .zero + .milliseconds(5))
        let first = ledger.accept([try admit(try makeJob(1)), try admit(late)], now: .zero)
        // The deadline comes before the other's patience, so it started first; the other waits.
        #expect(first.start.count == 1)
        let start = try #require(first.start.first)
        #expect(start.work.parts.first?.range == 0..<1)
        let stale = try makeJob(3, deadline: .zero + .milliseconds(5))
        let second = ledger.accept([try admit(stale)], now: .zero)
        #expect(second.setsAlarmEarlier)
        #expect(ledger.armAlarm() == .zero + .milliseconds(5))
        let ticked = ledger.tick(now: .zero + .milliseconds(5))
        #expect(ticked.release.map(\.held.admitted.job.id) == [stale.id])
    }

    @Test("a run counts as hung after its bound, anew from each rerun")
    func hungRun() throws {
        var ledger = ModelLedger(policy: BatchingPolicy(instances: 1), runBound: RunBound(least: .seconds(60)))
        _ = ledger.accept([try admit(try makeJob(1))], now: .zero)
        #expect(ledger.hungRun(steady: .zero + .seconds(60)) == nil)
        #expect(ledger.hungRun(steady: .zero + .seconds(61))?.elapsed == .seconds(61))
        ledger.rerun(on: 0, steady: .zero + .seconds(50))
        #expect(ledger.hungRun(steady: .zero + .seconds(61)) == nil)
    }

    @Test("jobs behind a run that takes far longer than expected go back, and none is taken until it ends")
    func relieve() throws {
        var ledger = makeLedger(maximumRows: 1)
        let start = try #require(
            ledger.accept([try admit(try makeJob(1)), try admit(try makeJob(2))], now: .zero).start.first)
        #expect(ledger.relieve(steady: .zero + .seconds(1)).release.isEmpty)
        let given = ledger.relieve(steady: .zero + .seconds(3)).release
        #expect(given.map(\.held.admitted.job.id.entry.milliseconds) == [2])
        guard case .handedBack? = given.first?.ending else {
            Issue.record("not given back")
            return
        }
        #expect(ledger.isHeldUp && ledger.heldJobs == 1)
        let done = ledger.completed(execute(start.work), on: 0, now: .zero + .seconds(75))
        #expect(done.release.count == 1 && !ledger.isHeldUp)
    }

    @Test("a run that hangs with one job in it ends that job with the reason; what comes of it later is dropped")
    func failHung() throws {
        var ledger = ModelLedger(
            policy: BatchingPolicy(maximumRows: 4, instances: 1), runBound: RunBound(least: .seconds(60)))
        let start = try #require(ledger.accept([try admit(try makeJob(1))], now: .zero).start.first)
        let hung = try #require(ledger.hungRun(steady: .zero + .seconds(61)))
        #expect(hung == InstanceRuns.Hung(instance: 0, elapsed: .seconds(61), bound: .seconds(60)))
        let ended = ledger.fail(hung, BatchResult.Failure(fault: .bound, message: "too long")).release
        guard case .failed(let failure)? = ended.first?.ending else {
            Issue.record("not failed")
            return
        }
        #expect(failure.message == "too long" && ledger.heldJobs == 0)
        #expect(ledger.completed(execute(start.work), on: 0, now: .zero + .seconds(70)).release.isEmpty)
    }

    @Test("which of several jobs a hung run hangs in is not guessed")
    func failHungBatch() throws {
        var ledger = ModelLedger(
            policy: BatchingPolicy(maximumRows: 4, instances: 1), runBound: RunBound(least: .seconds(60)))
        _ = ledger.accept([try admit(try makeJob(1)), try admit(try makeJob(2))], now: .zero)
        let hung = try #require(ledger.hungRun(steady: .zero + .seconds(61)))
        #expect(ledger.fail(hung, BatchResult.Failure(fault: .bound, message: "too long")).release.isEmpty)
        #expect(ledger.heldJobs == 2)
    }

    @Test("the bytes of the inputs count from take to release")
    func heldBytes() throws {
        var ledger = makeLedger(maximumRows: 1)
        let start = try #require(
            ledger.accept([try admit(try makeJob(1, rows: 1)), try admit(try makeJob(2, rows: 3))], now: .zero)
                .start.first)
        #expect(ledger.heldBytes == 4 * 8 && ledger.bytesPerJob == 16)
        _ = ledger.cancel(try makeJob(2).id)
        #expect(ledger.heldBytes == 8)
        _ = ledger.completed(execute(start.work), on: 0, now: .zero)
        #expect(ledger.heldBytes == 0)
        _ = ledger.accept([try admit(try makeJob(3))], now: .zero)
        _ = ledger.abandon()
        #expect(ledger.heldBytes == 0)
    }

    @Test("each job is released once, whatever happens", arguments: 0..<100 as Range<UInt64>)
    func conservation(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var ledger = makeLedger(maximumRows: Int.random(in: 1...9, using: &generator), instances: 2)
        let instances = 2
        var now = Timestamp.zero
        var next = 0
        var ended: [JobID: Int] = [:]
        var running: [(instance: Int, work: BatchWork)] = []
        func take(_ actions: ModelLedger.Actions) {
            for release in actions.release { ended[release.held.admitted.job.id, default: 0] += 1 }
            running += actions.start
            #expect(Set(running.map(\.instance)).count == running.count && running.count <= instances)
        }
        for _ in 0..<200 {
            now = now + .microseconds(Int.random(in: 1...2_000, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1:
                let jobs = try (0..<Int.random(in: 1...4, using: &generator)).map { offset in
                    try admit(
                        try makeJob(
                            next + offset, rows: Int.random(in: 1...20, using: &generator),
                            deadline: Bool.random(using: &generator) ? nil : now + .milliseconds(4)))
                }
                next += jobs.count
                take(ledger.accept(jobs, now: now))
            case 2, 3, 4:
                guard let start = running.randomElement(using: &generator) else { continue }
                running.removeAll { $0.instance == start.instance }
                let bad = Int.random(in: 0..<3, using: &generator)
                take(
                    ledger.completed(
                        execute(start.work, on: Echo(isBad: { Int($0) % 3 == bad })), on: start.instance,
                        now: now))
            default:
                guard next > 0 else { continue }
                take(ledger.cancel(try makeJob(Int.random(in: 0..<next, using: &generator)).id))
            }
        }
        take(ledger.drain(now: now))
        while let start = running.popLast() {
            take(ledger.completed(execute(start.work), on: start.instance, now: now))
        }
        #expect(ledger.isIdle && ledger.heldBytes == 0, "seed \(seed)")
        #expect(ended.count == next && ended.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    }
}
