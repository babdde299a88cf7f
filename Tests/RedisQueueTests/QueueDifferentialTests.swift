import Foundation
import Jobs
import Random
import RedisQueue
import TestSupport
import Testing
import Time

/// The same random commands to `QueueModel` and to Redis; every answer must be the same.
///
/// A failure names its seed; `SPATE_SEED=<seed>` replays it.
@Suite struct QueueDifferentialTests {
    static let seeds: [UInt64] = {
        if let seed = ProcessInfo.processInfo.environment["SPATE_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        // A worker that was taken for dead settles what another gave back for later: found once, kept.
        return [14_739_217_729_204_133_212] + (0..<4).map { _ in UInt64.random(in: 0 ... .max) }
    }()

    @Test("Redis and the model answer alike", arguments: seeds)
    func answersAlike(seed: UInt64) async throws {
        try await withPrivateRedis { server in
            var options = QueueOptions()
            options.maximumCrashes = 2
            try await RedisQueueHarness.run(url: server.url, options: options) { harness in
                var run = DifferentialRun(harness, seed: seed)
                for step in 0..<400 {
                    do {
                        if step < 399 { try await run.step() } else { try await run.lookAtAll() }
                    } catch let difference as Difference {
                        Issue.record("seed \(seed), step \(step), \(difference)")
                        return
                    }
                }
                #expect(run.settled > 0 && run.cancelled > 0, "the run of seed \(seed) was too tame")
            }
        }
    }
}

struct Difference: Error, CustomStringConvertible {
    var description: String
}

/// Random state and what is known of it: jobs are named by the order of their submits, as the ids differ.
private struct DifferentialRun {
    private let harness: RedisQueueHarness
    private let workers: [String: RedisWorkQueue]
    private var generator: SeededGenerator
    private var model: QueueModel
    private var realIDs: [JobID] = []
    private var modelIDs: [JobID] = []
    private var numbers: [JobID: Int] = [:]
    private var modelNumbers: [JobID: Int] = [:]
    /// What workers think they hold, the dead included.
    private var held: [(worker: String, real: TakenJob, model: TakenJob)] = []
    private var told: [String: Set<Int>] = [:]
    private var outcomes = 0
    private(set) var settled = 0
    private(set) var cancelled = 0

    init(_ harness: RedisQueueHarness, seed: UInt64) {
        self.harness = harness
        var limits = QueueModel.Limits()
        limits.maximumCrashes = harness.options.maximumCrashes
        model = QueueModel(limits: limits)
        generator = SeededGenerator(seed: seed)
        workers = Dictionary(uniqueKeysWithValues: ["w1", "w2", "w3"].map { ($0, harness.worker($0)) })
    }

    private var queue: QueueName { harness.queue }
    private var now: Timestamp { harness.clock.now() }

    mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<22: try await submit(once: nil)
        case 22..<27: try await submit(once: randomKey())
        case 27..<50: try await take()
        case 50..<60: try await settle()
        case 60..<66: try await retry()
        case 66..<69: try await handBack()
        case 69..<72: try await beginTrial()
        case 72..<78: try await cancel()
        case 78..<86: try await reap()
        case 86..<88: try await leave()
        case 88..<91: try await renew()
        case 91..<93: try await expire()
        case 93..<96:
            if let number = realIDs.indices.randomElement(using: &generator) { try await look(at: number) }
        default: try await census()
        }
        try await census()
    }

    private func same<Value: Equatable>(_ what: String, real: Value, model: Value) throws {
        guard real == model else { throw Difference(description: "\(what): Redis says \(real), the model \(model)") }
    }

    // MARK: Commands

    private mutating func randomKey() -> IdempotencyKey {
        IdempotencyKey(
            key: "k\(Int.random(in: 0..<3, using: &generator))",
            fingerprint: "f\(Int.random(in: 0..<2, using: &generator))", retention: .seconds(600),
            repetition: Bool.random(using: &generator) ? .join : .rerun,
            maximumQueue: Bool.random(using: &generator) ? nil : Int.random(in: 1...12, using: &generator))
    }

    private mutating func submit(once: IdempotencyKey?) async throws {
        let priority = PriorityClass.allCases.randomElement(using: &generator) ?? .normal
        var job = harness.underTest.makeJob(realIDs.count, priority: priority)
        // Long past or far away, so that it does not matter which clock looks.
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: job.deadline = now - .seconds(60)
        case 1: job.deadline = now + .seconds(3_600)
        default: break
        }
        let real = try await harness.submissions.submit(job, once: once)
        let expected = model.submit(job, once: once, now: now)
        switch (real, expected) {
        case (.accepted(let realID, let realDepth), .accepted(let modelID, let modelDepth)):
            try same("the depth at submit", real: realDepth, model: modelDepth)
            numbers[realID] = realIDs.count
            modelNumbers[modelID] = realIDs.count
            realIDs.append(realID)
            modelIDs.append(modelID)
        case (.full(let realHeld), .full(let modelHeld)):
            try same("what a full queue holds", real: realHeld, model: modelHeld)
        case (.existing(let realID), .existing(let modelID)), (.conflict(let realID), .conflict(let modelID)),
            (.underWay(let realID), .underWay(let modelID)):
            try same("the job of a key", real: numbers[realID], model: modelNumbers[modelID])
        default: throw Difference(description: "submit: Redis says \(real), the model \(expected)")
        }
    }

    private mutating func take() async throws {
        guard let (name, worker) = randomWorker() else { return }
        let limit = Int.random(in: 1...4, using: &generator)
        let real = try await worker.take(upTo: limit, from: [queue], waiting: .zero)
        let expected = model.take(upTo: limit, from: [queue], worker: name, now: now)
        try same("the jobs taken", real: real.map { numbers[$0.id] }, model: expected.map { modelNumbers[$0.id] })
        try same("their attempts", real: real.map(\.attempt), model: expected.map(\.attempt))
        try same("their crashes", real: real.map(\.crashes), model: expected.map(\.crashes))
        for (real, model) in zip(real, expected) { held.append((name, real, model)) }
    }

    private mutating func settle() async throws {
        var byWorker: [String: [(TakenJob, TakenJob)]] = [:]
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            guard let item = removeRandomHeld() else { break }
            byWorker[item.worker, default: []].append((item.real, item.model))
        }
        for (name, jobs) in byWorker.sorted(by: { $0.key < $1.key }) {
            var real: [Settlement] = []
            var expected: [Settlement] = []
            for (realJob, modelJob) in jobs {
                outcomes += 1
                settled += 1
                real.append(harness.underTest.outcome(of: realJob, worker: "\(name)#\(outcomes)"))
                expected.append(harness.underTest.outcome(of: modelJob, worker: "\(name)#\(outcomes)"))
            }
            try await workers[name]?.settle(real)
            model.settle(expected, now: now)
        }
    }

    private mutating func retry() async throws {
        guard let item = removeRandomHeld() else { return }
        let delay: Duration = Bool.random(using: &generator) ? .zero : .seconds(3_600)
        try await workers[item.worker]?.retry(item.real, after: delay, error: "random")
        model.retry(item.model.id, worker: item.worker, after: delay, now: now)
    }

    private mutating func handBack() async throws {
        guard let item = removeRandomHeld() else { return }
        try await workers[item.worker]?.handBack([item.real])
        model.handBack([item.model.id], worker: item.worker)
    }

    private mutating func cancel() async throws {
        guard let number = realIDs.indices.randomElement(using: &generator) else { return }
        let real = try await harness.submissions.cancel(realIDs[number], reason: "random")
        let expected = model.cancel(modelIDs[number], reason: "random", now: now)
        cancelled += 1
        try same("the state after cancel", real: summary(real), model: summary(expected))
    }

    private mutating func beginTrial() async throws {
        guard let item = held.randomElement(using: &generator), let worker = workers[item.worker] else { return }
        let real = try await worker.beginTrial(of: item.real.id)
        try same("whether it is held", real: real, model: model.beginTrial(of: item.model.id, worker: item.worker))
        guard Bool.random(using: &generator) else { return }
        let other = held.filter { $0.worker == item.worker }.randomElement(using: &generator) ?? item
        try await worker.endTrial(of: other.real.id)
        model.endTrial(of: other.model.id, worker: item.worker)
    }

    private mutating func reap() async throws {
        guard let (name, _) = randomWorker() else { return }
        var (real, expected) = (LastRuns.unknown, LastRuns.unknown)
        if Bool.random(using: &generator) {
            let ran = held.filter { $0.worker == name && Int.random(in: 0..<3, using: &generator) == 0 }
            (real, expected) = (.jobs(Set(ran.map(\.real.id))), .jobs(Set(ran.map(\.model.id))))
        }
        let reaped = try await harness.observer.reap(name, from: [queue], ran: real)
        let mine = model.reap(name, from: [queue], ran: expected)
        try same("the jobs reaped", real: reaped.jobs, model: mine.jobs)
        try same(
            "the job blamed", real: reaped.blamed.flatMap { numbers[$0] },
            model: mine.blamed.flatMap { modelNumbers[$0] })
    }

    private mutating func expire() async throws {
        // Behind what the last submit left on its way.
        _ = try await harness.submissions.depth(of: queue)
        let real = try await harness.observer.expire([queue], lookingAgainAfter: .seconds(-60))
        try same("the jobs expired", real: real, model: model.expire([queue], now: now))
    }

    private mutating func leave() async throws {
        guard let (name, worker) = randomWorker() else { return }
        try await worker.leave()
        model.leave(name, from: [queue])
        held.removeAll { $0.worker == name }
    }

    /// Redis repeats a cancelled job until the worker lets go of it; the model tells it once.
    private mutating func renew() async throws {
        guard let (name, worker) = randomWorker() else { return }
        let real = Set(try await worker.renewLease(harness.underTest.report(name)).compactMap { numbers[$0] })
        let mine = Set(held.filter { $0.worker == name }.compactMap { numbers[$0.real.id] })
        let expected = model.renewLease(harness.underTest.report(name), now: now).compactMap { modelNumbers[$0] }
        told[name, default: []].formUnion(expected)
        try same(
            "the cancelled jobs", real: real.sorted(), model: told[name, default: []].intersection(mine).sorted())
    }

    mutating func lookAtAll() async throws {
        for number in realIDs.indices { try await look(at: number) }
    }

    private mutating func look(at number: Int) async throws {
        let real = try await harness.submissions.state(of: realIDs[number])
        let expected = model.state(of: modelIDs[number], now: now)
        try same("the state of job \(number)", real: summary(real), model: summary(expected))
    }

    private func census() async throws {
        let real = try await harness.observer.snapshot(of: [queue])[queue]
        let expected = model.snapshot(of: queue)
        try same("the depth", real: real?.depth, model: expected.depth)
        try same("the number submitted", real: real?.submitted, model: expected.submitted)
        try same("whether a job waits", real: real?.oldestWaiting != nil, model: expected.oldestWaiting != nil)
    }

    // MARK: Choices

    private mutating func randomWorker() -> (String, RedisWorkQueue)? {
        workers.sorted { $0.key < $1.key }.randomElement(using: &generator).map { ($0.key, $0.value) }
    }

    private mutating func removeRandomHeld() -> (worker: String, real: TakenJob, model: TakenJob)? {
        guard let index = held.indices.randomElement(using: &generator) else { return nil }
        let item = held.remove(at: index)
        held.removeAll { $0.worker == item.worker && $0.real.id == item.real.id }
        return item
    }

    /// What must be alike in a state; ids and times differ.
    private func summary(_ state: JobState) -> String {
        guard case .settled(let outcome) = state else { return "\(state)" }
        return switch outcome.ending {
        case .finished: "finished by \(outcome.run.worker)"
        case .failed(let failure): "failed \(failure.code) \(failure.attempts) \(failure.message)"
        case .expired: "expired"
        case .cancelled(let reason): "cancelled \(reason)"
        }
    }
}
