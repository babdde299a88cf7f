package import Jobs
import NIOCore
import RedisClient
import Synchronization
import Tensors
import Time

/// Measures the queue alone: submit, take and settle through the types that gateways and workers use, producers and
/// consumers in this process, against a Redis whose queue `spate-bench.<n>` it uses and removes.
///
/// Everything runs on one event loop, as in a program that does nothing else: what is left is the cost of the client, of
/// the codec and of Redis. The producers are a closed loop of `concurrency` tasks: each submits its next job when the one before is accepted,
/// and pauses while more than `backlog` jobs are unsettled.
package struct QueueBenchmark: Sendable {
    package var jobs = 100_000
    /// Payload of one job, bytes.
    package var bytes = 8_192
    /// Gateways that the tasks share.
    package var gateways = 1
    /// Workers that take.
    package var workers = 2
    /// Tasks that submit.
    package var concurrency = 128
    /// Jobs of one take.
    package var batch = 64
    /// Takes of one worker that may be unsettled at once.
    package var consumers = 2
    package var backlog = 4_096
    /// Bytes of an outcome's tensor.
    package var resultBytes = 64
    /// How long each stored outcome is kept.
    package var retention: Duration = .seconds(10)

    package init() {}

    package struct Report: Sendable, Equatable {
        package var jobs: Int
        package var elapsed: Duration
        package var jobsPerSecond: Double { Double(jobs) / max(elapsed.seconds, 1e-9) }
        /// From the call of `submit` until it returned.
        package var submit: Percentiles
        /// From the call of `submit` until `settle` returned.
        package var settled: Percentiles
    }

    package struct Percentiles: Sendable, Equatable {
        package var p50: Duration
        package var p95: Duration
        package var p99: Duration
        package var maximum: Duration

        init(_ samples: [Duration]) {
            let sorted = samples.sorted()
            func rank(_ part: Double) -> Duration {
                sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
            }
            (p50, p95, p99, maximum) = (rank(0.5), rank(0.95), rank(0.99), sorted.last ?? .zero)
        }
    }

    /// Runs to the end: every job submitted is settled once, or an error says what was missing.
    package func run(_ connections: RedisConnections) async throws(QueueError) -> Report {
        let clock = ServerClock(connections)
        let number = UInt32.random(in: 0 ... .max)
        guard let queue = QueueName(model: "spate-bench", version: String(number)) else {
            throw QueueError(.misconfigured, "the benchmark's queue has no valid name")
        }
        let gateways = (0..<gateways).map { _ in RedisSubmissionQueue(connections, clock: clock) }
        let workers = (0..<workers).map { index in
            RedisWorkQueue(worker: "bench-\(number)-\(index)", connections, clock: clock)
        }
        let keepers = Task {  // Ended below on every path.
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await clock.run() }
                for gateway in gateways { group.addTask { await gateway.run() } }
                for worker in workers { group.addTask { await worker.run() } }
            }
        }
        defer { keepers.cancel() }
        do {
            let report = try await withTaskExecutorPreference(LoopExecutor(connections.group.next())) {
                try await measure(queue, gateways, workers, clock)
            }
            try await remove(queue, workers)
            return report
        } catch {
            throw (error as? QueueError) ?? QueueError(.unavailable, "the benchmark was ended: \(error)")
        }
    }

    /// From here on that Redis writes no append-only file.
    package static func switchLogOff(_ connections: RedisConnections) async throws(QueueError) {
        let client = connections.makeClient("bench")
        let keeper = Task { await client.run() }  // Ended when the command is answered.
        defer { keeper.cancel() }
        let what = "switching the append-only file off"
        let reply = try await client.perform([RedisCommand("CONFIG", "SET", "appendonly", "no")], what).first ?? .null
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
    }

    private func measure(
        _ queue: QueueName, _ gateways: [RedisSubmissionQueue], _ workers: [RedisWorkQueue], _ clock: ServerClock
    ) async throws -> Report {
        // The groups exist before the clock runs.
        for worker in workers { _ = try await worker.take(upTo: 1, from: [queue], waiting: .zero) }
        let payload = Tensor(
            name: "x", elementType: .uint8, shape: [bytes], bytes: ByteBuffer(repeating: 7, count: bytes))
        let result = Tensor(
            name: "y", elementType: .uint8, shape: [resultBytes],
            bytes: ByteBuffer(repeating: 1, count: resultBytes))
        let started = clock.steadyNow()
        let unsettled = Unsettled(limit: backlog)
        async let submitted = submit(payload, queue, gateways, clock, unsettled)
        async let settled = consumeAll(result, queue, workers, clock, unsettled)
        let (submits, ends) = try await (submitted, settled)
        return Report(
            jobs: jobs, elapsed: clock.steadyNow() - started, submit: Percentiles(submits),
            settled: Percentiles(ends))
    }

    private func submit(
        _ payload: Tensor, _ queue: QueueName, _ gateways: [RedisSubmissionQueue], _ clock: ServerClock,
        _ unsettled: Unsettled
    ) async throws -> [Duration] {
        try await withThrowingTaskGroup(of: [Duration].self) { group in
            for task in 0..<concurrency {
                let count = jobs / concurrency + (task < jobs % concurrency ? 1 : 0)
                let gateway = gateways[task % gateways.count]
                group.addTask { [retention] in
                    var samples: [Duration] = []
                    samples.reserveCapacity(count)
                    for _ in 0..<count {
                        await unsettled.enter()
                        let start = clock.steadyNow()
                        let job = Job(queue: queue, submitted: clock.now(), retention: retention, inputs: [payload])
                        _ = try await gateway.submit(job, once: nil)
                        samples.append(clock.steadyNow() - start)
                    }
                    return samples
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func consumeAll(
        _ result: Tensor, _ queue: QueueName, _ workers: [RedisWorkQueue], _ clock: ServerClock,
        _ unsettled: Unsettled
    ) async throws -> [Duration] {
        defer { unsettled.open() }
        let untaken = Untaken(jobs)
        return try await withThrowingTaskGroup(of: [Duration].self) { group in
            for worker in workers {
                group.addTask { try await consume(result, queue, worker, clock, unsettled, untaken) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func consume(
        _ result: Tensor, _ queue: QueueName, _ worker: RedisWorkQueue, _ clock: ServerClock,
        _ unsettled: Unsettled, _ untaken: Untaken
    ) async throws -> [Duration] {
        try await withThrowingTaskGroup(of: [Duration].self) { group in
            var settling = 0
            var samples: [Duration] = []
            samples.reserveCapacity(jobs)
            var empty = 0
            while untaken.count > 0 {
                let taken = try await worker.take(upTo: batch, from: [queue], waiting: .milliseconds(200))
                empty = taken.isEmpty ? empty + 1 : 0
                guard empty < 50 else {
                    throw QueueError(.unavailable, "\(untaken.count) of \(jobs) jobs of the benchmark did not come")
                }
                untaken.remove(taken.count)
                if settling == consumers, let done = try await group.next() {
                    samples += done
                    settling -= 1
                }
                settling += 1
                group.addTask { [retention] in
                    let now = clock.now()
                    let settlements = taken.map { job in
                        Settlement(
                            outcome: Outcome(
                                id: job.id, replyTo: job.job.replyTo, echo: job.job.echo, ending: .finished([result]),
                                run: RunRecord(
                                    submitted: job.job.submitted, settled: now,
                                    queueWait: max(.zero, now - job.job.submitted), batchRows: taken.count,
                                    worker: worker.worker)), retention: retention)
                    }
                    try await worker.settle(settlements)
                    unsettled.leave(taken.count)
                    let end = clock.now()
                    return taken.map { end - $0.job.submitted }
                }
            }
            for try await done in group { samples += done }
            return samples
        }
    }

    private func remove(_ queue: QueueName, _ workers: [RedisWorkQueue]) async throws(QueueError) {
        for worker in workers { try await worker.leave() }
        let keys = workers[0].keys
        var command = RedisCommand("UNLINK", keys.again(queue), keys.due(queue))
        for priority in PriorityClass.allCases { command.append(keys.lane(queue, priority)) }
        _ = try await workers[0].client.perform([command], "removing the benchmark's queue")
    }
}

/// Jobs that no worker has taken yet.
private final class Untaken: Sendable {
    private let state: Mutex<Int>

    init(_ jobs: Int) { state = Mutex(jobs) }

    var count: Int { state.withLock { $0 } }

    func remove(_ jobs: Int) { state.withLock { $0 -= jobs } }
}

/// Keeps the number of jobs that were submitted and not settled within a limit.
private final class Unsettled: Sendable {
    private struct State {
        var room: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(room: limit)) }

    /// Waits for room. Ends only by `leave` or `open`.
    func enter() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                guard state.room > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.room -= 1
                return true
            }
            if hasRoom { continuation.resume() }
        }
    }

    func leave(_ jobs: Int) {
        let released = state.withLock { state in
            let count = min(jobs, state.waiting.count)
            state.room += jobs - count
            defer { state.waiting.removeFirst(count) }
            return Array(state.waiting.prefix(count))
        }
        for continuation in released { continuation.resume() }
    }

    /// Lets everybody in: nobody settles any more.
    func open() { leave(.max / 4) }
}

/// Runs tasks on an event loop: what they ask of Redis costs no change of thread.
private final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
