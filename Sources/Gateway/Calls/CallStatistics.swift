import GatewayCore
import Jobs
import Synchronization
import Tensors

/// What became of the jobs that this gateway accepted, per queue, since it started: the source of V2 statistics. Asynchronous jobs
/// count when they are settled.
final class CallStatistics: Sendable {
    private struct Model {
        /// `nil`: its file could not be read yet.
        var counting: CallTotals.Counting?
        var totals = CallTotals()
    }

    private let models: Mutex<[QueueName: Model]>
    private let catalog: ModelCatalog

    init(_ catalog: ModelCatalog) {
        self.catalog = catalog
        models = Mutex(
            Dictionary(
                catalog.models.map { ($0.queue, Model(counting: CallTotals.Counting($0))) },
                uniquingKeysWith: { first, _ in first }))
    }

    func totals(of queue: QueueName) -> CallTotals { models.withLock { $0[queue]?.totals ?? CallTotals() } }

    /// - Parameter endToEnd: from the request's arrival until its answer was written; `nil` where nobody waited: from submit to
    ///   settled.
    func record(_ outcome: Outcome, endToEnd: Duration?) {
        let queue = outcome.id.queue
        let isCounted = models.withLock { models -> Bool in
            guard let place = models.index(forKey: queue) else { return true }
            guard let counting = models.values[place].counting else { return false }
            models.values[place].totals.add(outcome, endToEnd: endToEnd, counting)
            return true
        }
        guard !isCounted else { return }
        // Somebody could read its file, since it has outcomes. Looked up outside the lock, since that may start a read.
        let counting = catalog.find(queue).flatMap { CallTotals.Counting($0) }
        models.withLock { models in
            models[queue]?.counting = counting
            models[queue]?.totals.add(outcome, endToEnd: endToEnd, counting ?? .never)
        }
    }
}

extension CallTotals.Counting {
    fileprivate init?(_ model: ServedModel) {
        guard model.problem == nil else { return nil }
        self = !model.mayJoinRows ? .never : model.signature.maximumBatchSize == nil ? .asRun : .always
    }
}
