import Jobs

extension Keys {
    /// A hash: `<pool> <queue>`, or `<pool> *` for the whole pool, to a `ServingFault` as JSON.
    var faults: String { shared("faults") }
    /// Channel; each message says that the faults changed.
    var faultsChanged: String { channel("faults:changed") }
    /// A hash: `<worker> <queue>` to a `LoadEntry` as JSON, while the load is under way.
    var loads: String { shared("loads") }
    /// A hash: `<pool> <queue> <stamp>` to the workers that died while they loaded it; with ` alone` after it, those that
    /// did nothing else.
    var loadDeaths: String { shared("loads:deaths") }

    /// The worker that tries a model which workers died with; ends by itself.
    func loadTurn(of queue: QueueName, in pool: String) -> String { shared("loads:turn:\(pool) \(queue)") }

    /// A hash: a model's name to the version that the cluster serves.
    var versions: String { shared("versions") }

    static func fault(of queue: String?, in pool: String) -> String { "\(pool) \(queue ?? "*")" }
}
