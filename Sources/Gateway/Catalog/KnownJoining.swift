import Jobs
import Tensors

/// Whether requests of a model are joined, as far as it is known at this moment: from its file, or from the workers that
/// have loaded it.
enum KnownJoining: Sendable, Equatable {
    case rows(String)
    case none(String)
    /// Nobody has loaded it yet, or workers differ.
    case unknown(String)

    /// - Parameter reports: of the workers that live.
    init(_ model: ServedModel, reports: [WorkerReport]) {
        if case .settled(let joining) = model.joining {
            self = joining.joinsRows ? .rows(joining.reason) : .none(joining.reason)
            return
        }
        let queue = model.queue.description
        let said = reports.flatMap(\.models).filter { $0.queue == queue }.compactMap(\.joining)
        guard let first = said.first else {
            self = .unknown(
                "no worker has loaded the model: rows are joined if the load proves that they are independent")
            return
        }
        if said.allSatisfy(\.joinsRows) {
            self = .rows(first.reason)
        } else if let one = said.first(where: { !$0.joinsRows }), !said.contains(where: \.joinsRows) {
            self = .none(one.reason)
        } else {
            let reason = said.first { !$0.joinsRows }?.reason ?? ""
            self = .unknown("workers differ; one says: \(reason)")
        }
    }

    /// `rows`, `none` or `unknown`.
    var word: String {
        switch self {
        case .rows: "rows"
        case .none: "none"
        case .unknown: "unknown"
        }
    }

    var isNone: Bool {
        switch self {
        case .none: true
        case .rows, .unknown: false
        }
    }

    var reason: String {
        switch self {
        case .rows(let reason), .none(let reason), .unknown(let reason): reason
        }
    }
}
