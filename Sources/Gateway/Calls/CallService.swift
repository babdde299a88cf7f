import Jobs
import Logging
import Settings
import Time

/// Turns calls into jobs and outcomes into answers; the same for every protocol.
final class CallService: Sendable {
    /// How long the outcome of a synchronous call is kept at least. Long enough that a late second finisher of the same
    /// job is recognised and discarded.
    private static let leastRetention: Duration = .seconds(30)
    /// How long after its deadline a job's own outcome (a result just in time, or that it expired) may still come.
    private static let deadlineMargin: Duration = .milliseconds(100)
    /// By how much it outlives the caller's wait: when the outcome was lost on its way here, the caller finds it stored.
    private static let retentionMargin: Duration = .seconds(10)

    private let gateway: String
    private let settings: GatewaySettings
    private let queue: any SubmissionQueue
    private let serving: @Sendable () -> ServingFaults
    let admission: Admission
    private let replies = ReplyTable()
    private let workers: WorkerWatch
    /// Waits for jobs that were submitted before.
    private let followers = Followers()
    let tickets: JobTickets
    let statistics: CallStatistics
    let meters: GatewayMeters
    private let trouble: TroubleLog
    private let time: any TimeSource
    private let logger: Logger

    /// - Parameter gateway: unique per boot: outcomes are addressed to it.
    init(
        gateway: String, settings: GatewaySettings, catalog: ModelCatalog, queue: any SubmissionQueue,
        observer: any QueueObserver, serving: @escaping @Sendable () -> ServingFaults = { ServingFaults() },
        meters: GatewayMeters, time: any TimeSource, logger: Logger
    ) {
        self.meters = meters
        self.gateway = gateway
        self.settings = settings
        self.queue = queue
        self.serving = serving
        self.time = time
        self.logger = logger
        tickets = JobTickets(queue: queue, logger: logger)
        statistics = CallStatistics(catalog)
        workers = WorkerWatch(observer: observer, logger: logger)
        trouble = TroubleLog(logger: logger)
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
    var waiting: Int { replies.count }

    /// Submits the call and waits for its outcome, at most its time-out.
    ///
    /// When the client goes away first, the job is cancelled, unless it has an idempotency key: then its
    /// caller may come back for it.
    ///
    /// - Parameter submitted: called once the job is at Redis, so that its tensors are of no more use here.
    func answer(
        _ call: consuming InferenceCall, watch: ConnectionWatch, submitted: () -> Void
    ) async throws(Refusal) -> CallResult {
        let timeout = call.timeout ?? settings.requestTimeout
        let lateAfter = call.deadline.map { $0 + Self.deadlineMargin }
        let limit = min(timeout, lateAfter ?? timeout)
        let isLate = limit < timeout
        let isOnce = call.once != nil
        let model = call.model
        let token = replies.makeToken()
        let address = ReplyAddress(gateway: gateway, token: token)
        let retention = isOnce ? settings.retention : max(Self.leastRetention, limit + Self.retentionMargin)
        let (submission, signer): (Submission, JobSigner)
        do {
            (submission, signer) = try await submit(consume call, replyTo: address, retention: retention)
        } catch {
            replies.forget(token)
            throw error
        }
        submitted()
        switch submission {
        case .accepted(let id, _):
            let replies = self.replies
            watch.notify { replies.disconnect(token) }
            defer { watch.release() }
            while true {
                switch await replies.answer(to: token, of: id, within: limit, keeping: settings.retention) {
                case .outcome(let outcome):
                    return .settled(outcome, signer.ticket(for: id))
                case .broken:
                    guard case .settled(let outcome)? = try? await queue.state(of: id) else { continue }
                    replies.forget(token)
                    return .stored(outcome, signer.ticket(for: id))
                case .timedOut:
                    // The answer may have been lost on its way here; the stored outcome is the truth.
                    if case .settled(let outcome)? = try? await queue.state(of: id) {
                        return .stored(outcome, signer.ticket(for: id))
                    }
                    return isLate ? .late(signer.ticket(for: id)) : .timedOut(signer.ticket(for: id))
                case .released: return .timedOut(signer.ticket(for: id))
                case .disconnected:
                    if !isOnce { await cancelQuietly(id) }
                    return .disconnected
                }
            }
        case .existing(let id):
            replies.forget(token)
            let ticket = signer.ticket(for: id)
            switch try await state(of: id, waitingUpTo: limit, watch: watch) {
            case .settled(let outcome): return .stored(outcome, ticket)
            case .waiting, .running, .retrying: return watch.isClosed ? .disconnected : .timedOut(ticket)
            case .unknown, .gone: throw .gone(ticket)
            }
        case .conflict:
            replies.forget(token)
            throw .conflict
        case .underWay(let id):
            replies.forget(token)
            throw .underWay(signer.ticket(for: id))
        case .full(let held):
            replies.forget(token)
            throw admission.full(model, held: held)
        }
    }

    /// Submits the call and returns its job at once.
    func accept(_ call: InferenceCall) async throws(Refusal) -> AcceptedJob {
        let model = call.model
        let (submission, signer) = try await submit(
            call, replyTo: .receipt(for: gateway), retention: settings.retention)
        switch submission {
        case .accepted(let id, let depth):
            return AcceptedJob(
                ticket: signer.ticket(for: id), state: .waiting,
                expectedWait: admission.expectedWait(of: model, jobs: depth))
        case .existing(let id):
            let ticket = signer.ticket(for: id)
            let state: JobState
            do {
                state = try await queue.state(of: id)
            } catch {
                throw Refusal(error)
            }
            if state == .gone || state == .unknown { throw .gone(ticket) }
            return AcceptedJob(ticket: ticket, state: state)
        case .conflict: throw .conflict
        case .underWay(let id): throw .underWay(signer.ticket(for: id))
        case .full(let held): throw admission.full(model, held: held)
        }
    }

    /// The job that a caller names; `nil` if its name was never given out.
    func find(_ text: String) async throws(Refusal) -> JobTicket? {
        do {
            return try await tickets.open(text)
        } catch {
            throw trouble.refusal(for: error)
        }
    }

    /// Keeps the outcome of a job whose caller was told to fetch it.
    /// - Returns: whether it is kept.
    func keep(_ id: JobID) async -> Bool {
        do {
            try await queue.keepOutcome(of: id, for: settings.retention)
            return true
        } catch {
            _ = trouble.refusal(for: error)
            return false
        }
    }

    /// The state of a job once it is settled, or after `limit`; sooner when the client goes away or the gateway stops.
    func state(
        of id: JobID, waitingUpTo limit: Duration, watch: ConnectionWatch
    ) async throws(Refusal) -> JobState {
        do {
            guard limit > .zero else { return try await queue.state(of: id) }
            return try await followers.follow(watch) { [queue] () throws(QueueError) in
                try await queue.state(of: id, waitingUpTo: limit)
            }
        } catch {
            throw trouble.refusal(for: error)
        }
    }

    func cancel(_ id: JobID, reason: String) async throws(Refusal) -> JobState {
        do {
            return try await queue.cancel(id, reason: reason)
        } catch {
            throw trouble.refusal(for: error)
        }
    }

    /// Gives every caller that still waits the id of its job: the gateway stops.
    func releaseCallers(isQueueAway: Bool) {
        replies.timeOutAll(isQueueAway: isQueueAway)
        followers.stop()
    }

    /// Delivers outcomes to waiting calls until the task is cancelled.
    func run() async {
        let replies = self.replies
        let admission = self.admission
        let statistics = self.statistics
        let meters = self.meters
        let (late, lateOutcomes) = AsyncStream.makeStream(
            of: (JobID, Duration).self, bufferingPolicy: .bufferingNewest(10_000))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await replies.run() }
            group.addTask { [tickets] in await tickets.run() }
            group.addTask { [workers] in await workers.run() }
            group.addTask { [queue, gateway] in
                await queue.deliverReplies(to: gateway, waiting: { replies.noteBreak() }) { outcome in
                    admission.settled(outcome)
                    meters.note(outcome)
                    switch replies.deliver(outcome) {
                    // Its caller's answer counts it, with the gateway's part of the time.
                    case .caller: break
                    case .left(let retention):
                        statistics.record(outcome, endToEnd: nil)
                        lateOutcomes.yield((outcome.id, retention))
                    case .nobody: statistics.record(outcome, endToEnd: nil)
                    }
                }
                lateOutcomes.finish()
            }
            group.addTask { [queue, logger] in
                for await (id, retention) in late {
                    do {
                        try await queue.keepOutcome(of: id, for: retention)
                    } catch {
                        logger.warning(
                            "a late outcome keeps its short retention",
                            metadata: ["job.id": "\(id)", "reason": "\(error)"])
                    }
                }
            }
        }
    }

    private func submit(
        _ call: consuming InferenceCall, replyTo: ReplyAddress?, retention: Duration
    ) async throws(Refusal) -> (Submission, JobSigner) {
        let (model, once, priority) = (call.model, call.once, call.priority)
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
            queue: model.queue, priority: call.priority, tenant: call.tenant, submitted: now,
            deadline: call.deadline.map { now + $0 }, replyTo: replyTo, retention: retention, echo: call.echo,
            inputs: call.inputs, requestedOutputs: call.requestedOutputs)
        do {
            // Before the submit: a job whose caller cannot be told its name would be lost to him.
            let signer = try await tickets.signer()
            let submission = try await queue.submit(job, once: once)
            if case .accepted(_, let depth) = submission {
                admission.ended(model, priority: priority, depth: depth)
            } else {
                admission.ended(model, priority: priority, depth: nil)
            }
            return (submission, signer)
        } catch {
            admission.ended(model, priority: priority, depth: nil)
            throw trouble.refusal(for: error)
        }
    }

    private func cancelQuietly(_ id: JobID) async {
        do {
            _ = try await queue.cancel(id, reason: "the client went away")
        } catch {
            // The job stays and runs; only its compute is lost.
            logger.debug("a disconnected job was not cancelled", metadata: ["job.id": "\(id)", "reason": "\(error)"])
        }
    }
}
