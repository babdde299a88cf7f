import Jobs
import Settings
import Synchronization
import Tensors

/// Decides whether a request may enter its model's queue.
///
/// The limit is on jobs waiting and running. The gateway counts from the depths that come back with its own
/// submits, and asks Redis once more before it refuses, so a request is never refused for a stale number.
final class Admission: Sendable {
    private let queue: any SubmissionQueue
    private let workers: WorkerWatch
    private let statistics: CallStatistics
    private let trouble: TroubleLog
    private let gauges: Mutex<[QueueName: QueueGauge]>

    init(
        queue: any SubmissionQueue, models: [ServedModel], workers: WorkerWatch, statistics: CallStatistics,
        trouble: TroubleLog
    ) {
        self.queue = queue
        self.workers = workers
        self.statistics = statistics
        self.trouble = trouble
        gauges = Mutex(Dictionary(models.map { ($0.queue, QueueGauge()) }, uniquingKeysWith: { first, _ in first }))
    }

    /// Returns when there is room and counts the submit as begun; `ended` must follow.
    func enter(_ model: ServedModel) async throws(Refusal) {
        let limit = model.settings.maximumQueue
        if begin(model.queue, limit: limit) { return }
        let depth: QueueDepth
        do {
            depth = try await queue.depth(of: model.queue)
        } catch {
            throw trouble.refusal(for: error)
        }
        update(model.queue) { $0.refresh(depth) }
        guard begin(model.queue, limit: limit) else {
            throw full(model, held: depth.total)
        }
    }

    /// Counts a submit as begun that the queue itself decides on; `ended` must follow.
    func begin(_ model: ServedModel) { update(model.queue) { $0.submitStarted() } }

    /// The refusal where the queue said that it is full.
    func full(_ model: ServedModel, held: Int) -> Refusal {
        .queueFull(
            model: model.settings.name, held: held, limit: model.settings.maximumQueue,
            retryAfter: retryAfter(model, held: held))
    }

    func ended(_ model: ServedModel, priority: PriorityClass, depth: Int?) {
        update(model.queue) { $0.submitEnded(priority, depth: depth) }
    }

    func settled(_ outcome: Outcome) {
        update(outcome.id.queue) { $0.settled(outcome.id.priority) }
    }

    /// How long the newest of `jobs` will take to its outcome; `nil` where that cannot be known: no worker is ready, or none has
    /// run the model yet.
    func expectedWait(of model: ServedModel, jobs: Int) -> Duration? {
        workers.speed(of: model.queue)?.expectedWait(
            jobs: jobs, rowsPerJob: statistics.totals(of: model.queue).rowsPerJob,
            maximumRows: model.mayJoinRows ? model.settings.batching.maximumRows : 1)
    }

    /// Time until about a tenth of the queue is worked off, 1 to 60 s.
    private func retryAfter(_ model: ServedModel, held: Int) -> Duration {
        let wait = expectedWait(of: model, jobs: held) ?? .seconds(20)
        return min(max(wait / 10, .seconds(1)), .seconds(60))
    }

    private func begin(_ queue: QueueName, limit: Int) -> Bool {
        gauges.withLock { gauges in
            guard var gauge = gauges[queue], gauge.estimate < limit else { return false }
            gauge.submitStarted()
            gauges[queue] = gauge
            return true
        }
    }

    private func update(_ queue: QueueName, _ change: (inout QueueGauge) -> Void) {
        gauges.withLock { gauges in
            guard var gauge = gauges.removeValue(forKey: queue) else { return }
            change(&gauge)
            gauges[queue] = gauge
        }
    }
}

/// Why a request was not accepted. Nothing of it is in the queue.
enum Refusal: Error, Sendable, Equatable {
    case queueFull(model: String, held: Int, limit: Int, retryAfter: Duration)
    /// No pool of the model can serve it.
    case cannotServe(model: String, reason: String, retryAfter: Duration)
    /// Redis has no room for more payload, or refuses writes.
    case storeFull(String)
    /// The job is larger than the queue can carry.
    case tooLarge(String)
    /// Redis is away, or refuses the gateway; in words for callers.
    case unavailable(String)
    /// The job of this Idempotency-Key is over and its outcome is no longer kept.
    case gone(JobTicket)
    /// The Idempotency-Key was used for a different request. It says no job: who knows a key, which anybody may guess, is not
    /// its job's owner.
    case conflict
    /// The job of this Idempotency-Key has not ended, and another run of it was asked for.
    case underWay(JobTicket)

    init(_ error: QueueError) {
        switch error.code {
        case .outOfMemory: self = .storeFull(error.message)
        case .tooLarge: self = .tooLarge(error.callersReason)
        case .unavailable, .unauthorized, .misconfigured, .malformed: self = .unavailable(error.callersReason)
        }
    }
}
