import GatewayCore
import Jobs
import Settings
import Synchronization

/// Decides whether a request may enter its model's queue.
///
/// The limit is on jobs waiting and running. The gateway counts from the depths that come back with its own
/// submits, and asks Redis once more before it refuses, so a request is never refused for a stale number.
final class Admission: Sendable {
    private let queue: any SubmissionQueue
    private let workers: WorkerWatch
    private let statistics: CallStatistics
    private let trouble: TroubleLog
    private let rooms: Mutex<QueueRooms>

    init(
        queue: any SubmissionQueue, models: [ServedModel], workers: WorkerWatch, statistics: CallStatistics,
        trouble: TroubleLog
    ) {
        self.queue = queue
        self.workers = workers
        self.statistics = statistics
        self.trouble = trouble
        rooms = Mutex(QueueRooms(models.lazy.map(\.queue)))
    }

    /// Returns when there is room and counts the submit as begun; `ended` must follow.
    func enter(_ model: ServedModel) async throws(Refusal) {
        let (queue, limit) = (model.queue, model.settings.maximumQueue)
        if rooms.withLock({ $0.enter(queue, limit: limit) }) { return }
        let depth: QueueDepth
        do {
            depth = try await self.queue.depth(of: queue)
        } catch {
            throw .queue(trouble.note(error))
        }
        let hasRoom = rooms.withLock { rooms in
            rooms.refresh(queue, depth)
            return rooms.enter(queue, limit: limit)
        }
        guard hasRoom else { throw full(model, held: depth.total) }
    }

    /// Counts a submit as begun that the queue itself decides on; `ended` must follow.
    func begin(_ model: ServedModel) { rooms.withLock { $0.begin(model.queue) } }

    /// The refusal where the queue said that it is full.
    func full(_ model: ServedModel, held: Int) -> Refusal {
        .queueFull(
            model: model.settings.name, held: held, limit: model.settings.maximumQueue,
            retryAfter: QueueRooms.retryAfter(expectedWait: expectedWait(of: model, jobs: held)))
    }

    /// - Parameter depth: entries in the lane at the answer; `nil` where no job was accepted.
    func ended(_ queue: QueueName, priority: PriorityClass, depth: Int?) {
        rooms.withLock { $0.ended(queue, priority, depth: depth) }
    }

    func settled(_ outcome: Outcome) { rooms.withLock { $0.settled(outcome.id) } }

    /// How long the newest of `jobs` will take to its outcome; `nil` where that cannot be known: no worker is ready, or none has
    /// run the model yet.
    func expectedWait(of model: ServedModel, jobs: Int) -> Duration? {
        workers.speed(of: model.queue)?.expectedWait(
            jobs: jobs, rowsPerJob: statistics.totals(of: model.queue).rowsPerJob,
            maximumRows: model.mayJoinRows ? model.settings.batching.maximumRows : 1)
    }
}
