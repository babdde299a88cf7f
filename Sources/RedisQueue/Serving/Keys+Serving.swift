import Jobs

extension Keys {
    /// A hash: `<pool> <queue>`, or `<pool> *` for the whole pool, to a `ServingFault` as JSON.
    static let faults = "spate:faults"
    /// Channel; each message says that the faults changed.
    static let faultsChanged = "spate:faults:changed"
    /// A hash: `<worker> <queue>` to a `LoadEntry` as JSON, while the load is under way.
    static let loads = "spate:loads"
    /// A hash: `<pool> <queue> <stamp>` to the workers that died while they loaded it; with ` alone` after it, those that
    /// did nothing else.
    static let loadDeaths = "spate:loads:deaths"

    /// A hash: a model's name to the version that the cluster serves.
    static let versions = "spate:versions"

    static func fault(of queue: String?, in pool: String) -> String { "\(pool) \(queue ?? "*")" }
}
