import Jobs
import Settings
import Synchronization
import Time

/// Decides whether a request may enter its model's queue.
///
/// The limit is on jobs waiting and running. The gateway counts from the depths that come back with its own
/// submits, and asks Redis once more before it refuses, so a request is never refused for a stale number.
final class Admission: Sendable {
    private let queue: any SubmissionQueue
    private let trouble: TroubleLog
    private let time: any TimeSource
    private let gauges: Mutex<[QueueName: QueueGauge]>

    init(queue: any SubmissionQueue, models: [ServedModel], trouble: TroubleLog, time: any TimeSource) {
        self.queue = queue
        self.trouble = trouble
        self.time = time
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
            throw .queueFull(
                model: model.settings.name, held: depth.total, limit: limit, retryAfter: retryAfter(model.queue))
        }
    }

    func ended(_ model: ServedModel, priority: PriorityClass, depth: Int?) {
        update(model.queue) { $0.submitEnded(priority, depth: depth) }
    }

    func settled(_ outcome: Outcome) {
        let now = time.now()
        let sojourn = outcome.run.settled - outcome.run.submitted
        update(outcome.id.queue) { $0.settled(outcome.id.priority, sojourn: sojourn, now: now) }
    }

    /// How long a job submitted now would wait; `nil` when nothing was settled in the last ten seconds.
    func expectedWait(in queue: QueueName) -> Duration? {
        let now = time.now()
        return gauges.withLock { $0[queue]?.expectedWait(now: now) }
    }

    /// Time until about a tenth of the queue is worked off, 1 to 60 s.
    private func retryAfter(_ queue: QueueName) -> Duration {
        let wait = expectedWait(in: queue) ?? .seconds(20)
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
    /// Redis has no room for more payload, or refuses writes.
    case storeFull(String)
    /// The job is larger than the queue can carry.
    case tooLarge(String)
    /// Redis is away, or refuses the gateway; in words for callers.
    case unavailable(String)
    /// The job of this Idempotency-Key is over and its outcome is no longer kept.
    case gone(JobTicket)
    /// The Idempotency-Key was used for a different request.
    case conflict(JobTicket)

    init(_ error: QueueError) {
        switch error.code {
        case .outOfMemory: self = .storeFull(error.message)
        case .tooLarge: self = .tooLarge(error.message)
        case .unavailable, .unauthorized, .misconfigured, .malformed: self = .unavailable(error.callersReason)
        }
    }
}
