package import Jobs
import NIOCore
import Tensors
package import Time

/// One implementation of the queue, as a conformance check gets it: empty, and nobody else uses it.
package struct QueueUnderTest: Sendable {
    package let submissions: any SubmissionQueue
    package let observer: any QueueObserver
    package let clock: any TimeSource
    private let makeWorker: @Sendable (String) -> any WorkQueue

    package let queue: QueueName

    /// - Parameter makeWorker: makes the queue of a worker that is ready for use.
    package init(
        submissions: any SubmissionQueue, observer: any QueueObserver, clock: any TimeSource, queue: QueueName,
        makeWorker: @escaping @Sendable (String) -> any WorkQueue
    ) {
        self.submissions = submissions
        self.observer = observer
        self.clock = clock
        self.queue = queue
        self.makeWorker = makeWorker
    }

    package func worker(_ id: String) -> any WorkQueue { makeWorker(id) }
}

/// A behaviour that every implementation of the queue has.
///
/// The checks run over the Redis queue and over `ModelQueue`: extend this list, not the tests of one of them.
package struct QueueConformance: Sendable, CustomStringConvertible {
    package let behaviour: String
    private let body: @Sendable (QueueUnderTest) async throws -> Void

    init(_ behaviour: String, _ body: @escaping @Sendable (QueueUnderTest) async throws -> Void) {
        self.behaviour = behaviour
        self.body = body
    }

    package var description: String { behaviour }

    /// - Throws: `ConformanceFailure`, or what the queue threw.
    package func check(_ queue: QueueUnderTest) async throws { try await body(queue) }

    package static let all: [QueueConformance] =
        delivery + settling + givingBack + deaths + cancelling + idempotency + observing + expiring + secret + receipts
}

package struct ConformanceFailure: Error, CustomStringConvertible {
    package let description: String
}

func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw ConformanceFailure(description: message()) }
}

func requireEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) throws {
    guard found == expected else {
        throw ConformanceFailure(description: "\(what) is \(found), expected \(expected)")
    }
}

// MARK: Words for the checks

extension QueueUnderTest {
    /// A job whose single input carries `number`.
    package func makeJob(
        _ number: Int = 0, priority: PriorityClass = .normal, replyTo: ReplyAddress? = nil,
        retention: Duration = .seconds(60), bytes: Int = 8
    ) -> Job {
        var buffer = ByteBuffer(integer: number, endianness: .little)
        buffer.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: max(0, bytes - 8))
        let tensor = Tensor(name: "x", elementType: .uint8, shape: [buffer.readableBytes], bytes: buffer)
        return Job(
            queue: queue, priority: priority, submitted: clock.now(), replyTo: replyTo, retention: retention,
            inputs: [tensor])
    }

    package func submit(_ job: Job) async throws -> JobID {
        guard case .accepted(let id, _) = try await submissions.submit(job, once: nil) else {
            throw ConformanceFailure(description: "a submit without a key was not accepted")
        }
        return id
    }

    package func submit(count: Int, priority: PriorityClass = .normal) async throws -> [JobID] {
        var ids: [JobID] = []
        for number in 0..<count { ids.append(try await submit(makeJob(number, priority: priority))) }
        return ids
    }

    /// The outcome of a run that returned `text` as its worker's name.
    package func outcome(of job: TakenJob, worker text: String = "w") -> Settlement {
        let outcome = Outcome(
            id: job.id, replyTo: job.job.replyTo, echo: job.job.echo, ending: .finished(job.job.inputs),
            run: RunRecord(submitted: job.job.submitted, settled: clock.now(), worker: text, attempt: job.attempt))
        return Settlement(outcome: outcome, retention: job.job.retention)
    }

    package func take(
        _ worker: any WorkQueue, upTo limit: Int = 100, patience: Duration = .zero
    ) async throws -> [TakenJob] {
        try await worker.take(upTo: limit, from: [queue], waiting: patience)
    }

    package func takeOne(_ worker: any WorkQueue, patience: Duration = .zero) async throws -> TakenJob {
        guard let job = try await take(worker, upTo: 1, patience: patience).first else {
            throw ConformanceFailure(description: "nothing could be taken")
        }
        return job
    }

    package func requireState(_ id: JobID, _ expected: JobState) async throws {
        try requireEqual(try await submissions.state(of: id), expected, "the state")
    }

    package func requireDepth(waiting: Int = 0, inFlight: Int = 0, due: Int = 0) async throws {
        try requireEqual(
            try await submissions.depth(of: queue), QueueDepth(waiting: waiting, inFlight: inFlight, due: due),
            "the depth")
    }

    /// The stored ending; fails unless the job is settled.
    package func ending(of id: JobID) async throws -> Outcome.Ending {
        let state = try await submissions.state(of: id)
        guard case .settled(let outcome) = state else {
            throw ConformanceFailure(description: "the state is \(state), expected settled")
        }
        return outcome.ending
    }
}
