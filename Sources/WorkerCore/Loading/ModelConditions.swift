package import Jobs

/// How far a worker is with each model of its pool, and whether there is hope that it will serve one.
///
/// | one is loaded or on its way | then |
/// |---|---|
/// | yes | the worker goes on |
/// | no, each has failed | it ends with the reasons, and starts anew where it is restarted |
/// | no, there is none | it ends: no model names its pool |
package struct ModelConditions: Sendable, Equatable {
    package enum Condition: Sendable, Equatable {
        /// Can go to: loaded, failed.
        case loading
        case loaded
        /// Can go to: loading, and to loaded where the load only took too long.
        case failed(reason: String, isOverdue: Bool)
    }

    package enum Hope: Sendable, Equatable {
        case some
        /// - Parameters: `reasons`, of each model, by its name; `isOverdue`, whether a load is still under way beyond its bound.
        case none(reasons: [String], isOverdue: Bool)
        /// The pool has no model.
        case noModels
    }

    private var conditions: [QueueName: Condition]

    /// Each of them is on its way.
    package init(of queues: [QueueName]) {
        conditions = Dictionary(queues.map { ($0, .loading) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(queue: QueueName) -> Condition? {
        get { conditions[queue] }
        set { conditions[queue] = newValue }
    }

    package var queues: [QueueName] { Array(conditions.keys) }

    /// Whether each is loaded or has failed: the start-up is over.
    package var areSettled: Bool { conditions.values.allSatisfy { $0 != .loading } }

    package var areLoaded: Bool { conditions.values.allSatisfy { $0 == .loaded } }

    package var hope: Hope {
        var reasons: [String] = []
        var isOverdue = false
        for (queue, condition) in ordered {
            switch condition {
            case .loading, .loaded: return .some
            case .failed(let reason, let overdue):
                reasons.append("model '\(queue.model)': \(reason)")
                isOverdue = isOverdue || overdue
            }
        }
        return reasons.isEmpty ? .noModels : .none(reasons: reasons, isOverdue: isOverdue)
    }

    /// Of the models that are not served; a served one is reported by what serves it.
    package var reports: [WorkerReport.ModelReport] {
        ordered.compactMap { queue, condition in
            switch condition {
            case .loading: WorkerReport.ModelReport(queue: queue.description, instances: 0, state: .loading)
            case .loaded: nil
            case .failed(let reason, _):
                WorkerReport.ModelReport(queue: queue.description, instances: 0, state: .failed, reason: reason)
            }
        }
    }

    private var ordered: [(key: QueueName, value: Condition)] {
        conditions.sorted { $0.key.description < $1.key.description }
    }
}
