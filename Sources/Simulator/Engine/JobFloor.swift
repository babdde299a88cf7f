import Batching
import Jobs
import NIOCore
import Scaling
import Time

/// Job by job through the production code: `QueueModel` holds the jobs, each worker has a `BatchAssembler` of its own,
/// takes what its appetite says, and learns its costs as it runs. About 30 µs a job.
///
/// Workers that want jobs wait in line, as readers of a stream do: who has waited longest takes first.
struct JobFloor: WorkFloor {
    private struct Worker: Sendable {
        var name: String
        var pool: Int
        var assembler: BatchAssembler<JobID, Int>
        var held = 0
        var isGone = false
        var isRetiring = false
        /// In the line of those that want jobs.
        var isWaiting = false
    }

    private struct Run: Sendable {
        var worker: Int
        var jobs: [JobID]
        var rows: Int
        var started: Int64
    }

    private static let group = 0

    private let scenario: Scenario
    private let name: QueueName
    private let origin: Int64
    private let objective: Int64
    private var queue: QueueModel
    private var workers: [Worker] = []
    private var members: [[Int]]
    private var line: [Int] = []
    private var lineHead = 0
    private var runs = EventHeap<Run>()
    private(set) var waiting = 0
    private(set) var inFlight = 0
    var tally: Tally

    init(scenario: Scenario) {
        self.scenario = scenario
        name = QueueName(model: scenario.model.name, version: "1") ?? Self.anyName
        origin = scenario.trace.start.microseconds
        objective = scenario.model.objective.wholeMicroseconds
        queue = QueueModel()
        members = Array(repeating: [], count: scenario.pools.count)
        tally = Tally(pools: scenario.pools.count)
    }

    private static var anyName: QueueName {
        guard let name = QueueName(model: "model", version: "1") else {
            preconditionFailure("'model' and '1' are valid names")
        }
        return name
    }

    // MARK: Looking

    func ready(in pool: Int) -> Int { members[pool].count }
    func busy(in pool: Int) -> Int { members[pool].count { workers[$0].held > 0 } }
    var nextEnd: Int64? { runs.next }
    var oldestWaiting: Int64? {
        guard waiting > 0, let oldest = queue.snapshot(of: name).oldestWaiting else { return nil }
        return oldest.microseconds - origin
    }

    private func time(_ now: Int64) -> Timestamp { Timestamp(microseconds: origin + now) }

    // MARK: Events

    mutating func arrive(_ count: Int, priority: UInt8, at now: Int64) {
        let submitted = time(now)
        for _ in 0..<count {
            let job = Job(
                queue: name, priority: PriorityClass(rawValue: priority) ?? .low, submitted: submitted,
                deadline: scenario.model.deadline.map { submitted + $0 }, retention: .seconds(60), inputs: [])
            _ = queue.submit(job, now: submitted)
        }
        tally.arrived += count
        waiting += count
        feed(at: now)
    }

    mutating func addWorkers(_ count: Int, to pool: Int, at now: Int64) {
        for _ in 0..<count {
            let model = scenario.model
            let cost = model.cost(slowdown: scenario.pools[pool].slowdown)
            var assembler = BatchAssembler<JobID, Int>(
                policy: BatchingPolicy(maximumRows: model.maximumRows, instances: cost.instances))
            var rows = 1
            while rows < model.maximumRows {
                assembler.seed(rows: rows, took: .microseconds(cost.batchSeconds(rows: rows) * 1e6))
                rows *= 2
            }
            assembler.seed(
                rows: model.maximumRows, took: .microseconds(cost.batchSeconds(rows: model.maximumRows) * 1e6))
            members[pool].append(workers.count)
            workers.append(Worker(name: "w\(workers.count)", pool: pool, assembler: assembler))
            stand(workers.count - 1)
        }
        feed(at: now)
    }

    mutating func removeIdle(_ count: Int, from pool: Int, at now: Int64) -> Int {
        let leaving = members[pool].filter { workers[$0].held == 0 }.prefix(count)
        for worker in leaving { remove(worker, at: now) }
        return leaving.count
    }

    mutating func retire(_ count: Int, from pool: Int, at now: Int64) -> Int {
        let gone = removeIdle(count, from: pool, at: now)
        for worker in members[pool] { workers[worker].isRetiring = false }
        for worker in members[pool].prefix(count - gone) { workers[worker].isRetiring = true }
        return gone
    }

    mutating func kill(share: Double, of pool: Int, at now: Int64) -> Int {
        let victims = members[pool].prefix(Int((share * Double(members[pool].count)).rounded()))
        for worker in victims {
            let back = queue.reap(workers[worker].name, from: [name])
            inFlight -= back
            waiting += back
            tally.returned += back
            remove(worker, at: now)
        }
        feed(at: now)
        return victims.count
    }

    private mutating func remove(_ worker: Int, at now: Int64) {
        workers[worker].isGone = true
        members[workers[worker].pool].removeAll { $0 == worker }
        queue.leave(workers[worker].name, from: [name])
    }

    mutating func end(at now: Int64) {
        while let next = runs.next, next <= now, let event = runs.pop() {
            let run = event.payload
            guard !workers[run.worker].isGone else { continue }
            settle(run, ended: event.at)
            let took = Duration.microseconds(event.at - run.started)
            let decision = workers[run.worker].assembler.finished(
                Self.group, rows: run.rows, took: took, now: time(now))
            carryOut(decision, on: run.worker, at: now)
            if workers[run.worker].isRetiring, workers[run.worker].held == 0 {
                remove(run.worker, at: now)
            } else {
                stand(run.worker)
            }
        }
        feed(at: now)
    }

    private mutating func settle(_ run: Run, ended: Int64) {
        let pool = workers[run.worker].pool
        tally.busySeconds[pool] += Double(ended - run.started) / 1e6
        var settlements: [Settlement] = []
        settlements.reserveCapacity(run.jobs.count)
        for id in run.jobs {
            guard let arrival = arrivals.removeValue(forKey: id) else { continue }
            tally.finish(1, arrival: arrival, started: run.started, ended: ended, deadline: objective)
            settlements.append(settlement(of: id, .finished([]), arrival: arrival, at: ended))
        }
        queue.settle(settlements, now: time(ended))
        _ = queue.takeDeliverable()
        inFlight -= settlements.count
        workers[run.worker].held -= settlements.count
    }

    private func settlement(of id: JobID, _ ending: Outcome.Ending, arrival: Int64, at now: Int64) -> Settlement {
        let record = RunRecord(submitted: time(arrival), settled: time(now))
        // Nobody asks for an outcome here, so that none has to be kept.
        return Settlement(
            outcome: Outcome(id: id, replyTo: nil, echo: ByteBuffer(), ending: ending, run: record), retention: .zero)
    }

    // MARK: Taking

    /// Arrivals of jobs in workers' hands.
    private var arrivals: [JobID: Int64] = [:]

    private mutating func stand(_ worker: Int) {
        guard !workers[worker].isGone, !workers[worker].isRetiring, !workers[worker].isWaiting,
            workers[worker].assembler.appetite > 0
        else { return }
        workers[worker].isWaiting = true
        line.append(worker)
    }

    private mutating func feed(at now: Int64) {
        while waiting > 0, lineHead < line.count {
            let worker = line[lineHead]
            lineHead += 1
            workers[worker].isWaiting = false
            if lineHead > 1_024, lineHead * 2 > line.count {
                line.removeFirst(lineHead)
                lineHead = 0
            }
            guard !workers[worker].isGone, !workers[worker].isRetiring else { continue }
            take(worker, at: now)
            stand(worker)
        }
    }

    private mutating func take(_ worker: Int, at now: Int64) {
        let limit = workers[worker].assembler.appetite
        guard limit > 0 else { return }
        let taken = queue.take(upTo: limit, from: [name], worker: workers[worker].name, now: time(now))
        guard !taken.isEmpty else { return }
        waiting -= taken.count
        inFlight += taken.count
        workers[worker].held += taken.count
        var items: [BatchItem<JobID, Int>] = []
        items.reserveCapacity(taken.count)
        for job in taken {
            arrivals[job.id] = job.job.submitted.microseconds - origin
            items.append(
                BatchItem(
                    id: job.id, rows: 1, group: Self.group, priority: Int(job.job.priority.rawValue),
                    enqueued: time(now), deadline: job.job.deadline))
        }
        let decision = workers[worker].assembler.add(items, now: time(now))
        carryOut(decision, on: worker, at: now)
    }

    private mutating func carryOut(_ decision: BatchAssembler<JobID, Int>.Decision, on worker: Int, at now: Int64) {
        if !decision.expired.isEmpty {
            queue.settle(
                decision.expired.map { settlement(of: $0, .expired, arrival: arrivals[$0] ?? now, at: now) },
                now: time(now))
            for id in decision.expired { arrivals[id] = nil }
            tally.expired += decision.expired.count
            inFlight -= decision.expired.count
            workers[worker].held -= decision.expired.count
        }
        let cost = scenario.model.cost(slowdown: scenario.pools[workers[worker].pool].slowdown)
        for batch in decision.batches {
            tally.batches += 1
            let length = max(Int64(cost.batchSeconds(rows: batch.rows) * 1e6), 1)
            runs.push(
                Run(worker: worker, jobs: batch.entries.map(\.id), rows: batch.rows, started: now), at: now + length)
        }
    }
}
