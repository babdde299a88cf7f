import Clocks
import GatewayCore
import Jobs
import Logging
import Observability
import Settings
import Time

/// Turns calls into jobs and outcomes into answers; the same for every protocol.
final class CallService: Sendable {
    private let gateway: String
    private let settings: GatewaySettings
    private let queue: any SubmissionQueue
    private let serving: @Sendable () -> ServingFaults
    let admission: Admission
    private let table: CallTable
    /// Outcomes to keep for callers who left with their job's id.
    private let late: AsyncStream<(JobID, Duration)>
    private let workers: WorkerWatch
    let tickets: JobTickets
    let statistics: CallStatistics
    let meters: GatewayMeters
    private let trouble: TroubleLog
    private let time: any TimeSource
    private let logger: Logger

    /// - Parameters:
    ///   - gateway: unique per boot: outcomes are addressed to it.
    ///   - clock: on which callers wait.
    init(
        gateway: String, settings: GatewaySettings, catalog: ModelCatalog, queue: any SubmissionQueue,
        observer: any QueueObserver, serving: @escaping @Sendable () -> ServingFaults = { ServingFaults() },
        meters: GatewayMeters, time: any TimeSource, clock: WaitClock, logger: Logger
    ) {
        let (late, keep) = AsyncStream.makeStream(
            of: (JobID, Duration).self, bufferingPolicy: .bufferingNewest(10_000))
        self.late = late
        table = CallTable(clock: clock) { keep.yield(($0, $1)) }
        self.meters = meters
        self.gateway = gateway
        self.settings = settings
        self.queue = queue
        self.serving = serving
        self.time = time
        self.logger = logger
        tickets = JobTickets(queue: queue, clock: clock, logger: logger)
        statistics = CallStatistics(catalog)
        workers = WorkerWatch(observer: observer, clock: clock, logger: logger)
        trouble = TroubleLog(logger: logger, now: clock.now)
        admission = Admission(
            queue: queue, models: catalog.models, workers: workers, statistics: statistics, trouble: trouble)
    }

    /// Looks at the workers once; `run` does it all the time.
    func lookAtWorkers() async throws(QueueError) { try await workers.look() }

    /// Why nobody can serve the model, and for how long that holds; `nil`: as far as is known somebody can.
    func fault(of model: ServedModel) -> (reason: String, left: Duration)? {
        if let problem = model.problem { return (problem, .seconds(2)) }
        let (faults, now) = (serving(), time.now())
        guard !faults.all.isEmpty else { return nil }
        return faults.refusal(
            of: model.queue, pools: model.settings.pools, serving: workers.pools(serving: model.queue), at: now
        ).map { ($0.reason, max($0.until - now, .zero)) }
    }

    /// The number of synchronous calls that wait.
    var waiting: Int { table.waiting }

    /// Submits the call and waits for its outcome, at most its time-out.
    ///
    /// When the caller goes away first, the job is cancelled, unless it has an idempotency key: then he may come back for it.
    ///
    /// - Parameter submitted: called once the job is at Redis, so that its tensors are of no more use here.
    func answer(
        _ call: consuming InferenceCall, for caller: Caller, submitted: () -> Void
    ) async throws(CallProblem) -> CallResult {
        let terms = CallTerms(
            timeout: call.timeout ?? settings.requestTimeout, deadline: call.deadline, isRepeatable: call.once != nil,
            retention: settings.retention)
        let model = call.model
        let token = table.begin(for: caller)
        let (submission, signer): (Submission, JobSigner)
        do {
            (submission, signer) = try await submit(
                consume call, replyTo: ReplyAddress(gateway: gateway, token: token.rawValue),
                retention: terms.retentionOfAnswered)
        } catch {
            table.forget(token)
            throw .refused(error)
        }
        submitted()
        if case .accepted(let id, _) = submission {
            return CallResult(answer: await wait(token, for: id, on: terms), ticket: signer.ticket(for: id))
        }
        table.forget(token)
        let id = try existing(submission, of: model, signer)
        return CallResult(
            answer: try await follow(id, upTo: terms.limit, for: caller, signer), ticket: signer.ticket(for: id))
    }

    /// Waits as the ledger says, and looks for what may have been lost.
    private func wait(_ token: CallToken, for job: JobID, on terms: CallTerms) async -> CallAnswer {
        var part = await table.wait(token, for: job, on: terms)
        while true {
            switch part {
            case .look(let job): part = await table.looked(token, found: await storedOutcome(of: job))
            case .end(let answer, let cancelled):
                if let cancelled { await cancelQuietly(cancelled) }
                return answer
            }
        }
    }

    /// `nil` also where the store cannot be asked: the caller then gets the job's id.
    private func storedOutcome(of job: JobID) async -> Outcome? {
        // Where the queue is away nothing is known: the call goes on, or its caller gets its id.
        guard case .settled(let outcome)? = try? await queue.state(of: job) else { return nil }
        return outcome
    }

    /// The job that is there already.
    private func existing(
        _ submission: Submission, of model: ServedModel, _ signer: JobSigner
    ) throws(CallProblem) -> JobID {
        switch submission {
        case .accepted(let id, _), .existing(let id): return id
        case .conflict: throw .refused(.conflict)
        case .underWay(let id): throw .underWay(signer.ticket(for: id))
        case .full(let held): throw .refused(admission.full(model, held: held))
        }
    }

    private func follow(
        _ id: JobID, upTo limit: Duration, for caller: Caller, _ signer: JobSigner
    ) async throws(CallProblem) -> CallAnswer {
        let state: JobState
        do {
            state = try await self.state(of: id, waitingUpTo: limit, for: caller)
        } catch {
            throw .refused(.queue(error))
        }
        switch state {
        case .settled(let outcome): return .stored(outcome)
        case .waiting, .running, .retrying: return caller.isGone ? .disconnected : .timedOut
        case .unknown, .gone: throw .gone(signer.ticket(for: id))
        }
    }

    /// Submits the call and returns its job at once.
    func accept(_ call: consuming InferenceCall) async throws(CallProblem) -> AcceptedJob {
        let model = call.model
        let (submission, signer): (Submission, JobSigner)
        do {
            (submission, signer) = try await submit(
                consume call, replyTo: .receipt(for: gateway), retention: settings.retention)
        } catch {
            throw .refused(error)
        }
        if case .accepted(let id, let depth) = submission {
            return AcceptedJob(
                ticket: signer.ticket(for: id), state: .waiting,
                expectedWait: admission.expectedWait(of: model, jobs: depth))
        }
        let ticket = signer.ticket(for: try existing(submission, of: model, signer))
        let state: JobState
        do {
            state = try await queue.state(of: ticket.id)
        } catch {
            throw .refused(.queue(QueueTrouble(error)))
        }
        if state == .gone || state == .unknown { throw .gone(ticket) }
        return AcceptedJob(ticket: ticket, state: state)
    }

    /// The job that a caller names; `nil` if its name was never given out.
    func find(_ text: String) async throws(QueueTrouble) -> JobTicket? {
        do {
            return try await tickets.open(text)
        } catch {
            throw trouble.note(error)
        }
    }

    /// Keeps the outcome of a job whose caller was told to fetch it.
    /// - Returns: whether it is kept.
    func keep(_ id: JobID) async -> Bool {
        do {
            try await queue.keepOutcome(of: id, for: settings.retention)
            return true
        } catch {
            _ = trouble.note(error)
            return false
        }
    }

    /// The state of a job once it is settled, or after `limit`; sooner when the caller goes away or the gateway stops.
    func state(
        of id: JobID, waitingUpTo limit: Duration, for caller: Caller
    ) async throws(QueueTrouble) -> JobState {
        do {
            guard limit > .zero else { return try await queue.state(of: id) }
            return try await table.follow(for: caller) { [queue] () throws(QueueError) in
                try await queue.state(of: id, waitingUpTo: limit)
            }
        } catch {
            throw trouble.note(error)
        }
    }

    func cancel(_ id: JobID, reason: String) async throws(QueueTrouble) -> JobState {
        do {
            return try await queue.cancel(id, reason: reason)
        } catch {
            throw trouble.note(error)
        }
    }

    /// Gives every caller that still waits the id of its job: the gateway stops.
    func releaseCallers(isQueueAway: Bool) { table.stop(isQueueAway: isQueueAway) }

    /// Delivers outcomes to waiting calls until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [table] in await table.run() }
            group.addTask { [tickets] in await tickets.run() }
            group.addTask { [workers] in await workers.run() }
            group.addTask { await self.deliverReplies() }
            group.addTask { await self.keepLateOutcomes() }
        }
    }

    private func deliverReplies() async {
        let (table, admission, statistics, meters) = (table, admission, statistics, meters)
        await queue.deliverReplies(to: gateway, waiting: { table.repliesBroke() }) { outcome in
            admission.settled(outcome)
            meters.note(outcome)
            // Its caller's answer counts an outcome, with the gateway's part of the time.
            if !table.deliver(outcome) { statistics.record(outcome, endToEnd: nil) }
        }
    }

    private func keepLateOutcomes() async {
        for await (id, retention) in late {
            do {
                try await queue.keepOutcome(of: id, for: retention)
            } catch {
                logger.warning(
                    "a late outcome keeps its short retention",
                    metadata: [LogKeys.jobID: "\(id)", LogKeys.reason: "\(error)"])
            }
        }
    }

    private func submit(
        _ call: consuming InferenceCall, replyTo: ReplyAddress?, retention: Duration
    ) async throws(Refusal) -> (Submission, JobSigner) {
        let (model, once, priority) = (call.model, call.once, call.priority)
        let queueName = model.queue
        if let fault = fault(of: model) {
            throw .cannotServe(model: model.settings.name, reason: fault.reason, retryAfter: fault.left)
        }
        if once == nil {
            try await admission.enter(model)
        } else {
            // The queue looks for room in the same step as for the key: a job that is there is not refused.
            admission.begin(model)
        }
        let now = time.now()
        let job = Job(
            queue: queueName, priority: priority, tenant: call.tenant, submitted: now,
            deadline: call.deadline.map { now + $0 }, replyTo: replyTo, retention: retention, echo: call.echo,
            inputs: call.inputs, requestedOutputs: call.requestedOutputs)
        do {
            // Before the submit: a job whose caller cannot be told its name would be lost to him.
            let signer = try await tickets.signer()
            let submission = try await queue.submit(job, once: once)
            if case .accepted(_, let depth) = submission {
                admission.ended(queueName, priority: priority, depth: depth)
            } else {
                admission.ended(queueName, priority: priority, depth: nil)
            }
            return (submission, signer)
        } catch {
            admission.ended(queueName, priority: priority, depth: nil)
            throw .queue(trouble.note(error))
        }
    }

    private func cancelQuietly(_ id: JobID) async {
        do {
            _ = try await queue.cancel(id, reason: "the client went away")
        } catch {
            // The job stays and runs; only its compute is lost.
            logger.debug(
                "a disconnected job was not cancelled", metadata: [LogKeys.jobID: "\(id)", LogKeys.reason: "\(error)"])
        }
    }
}
