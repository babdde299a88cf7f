import Clocks
package import Jobs
package import Settings
import Dispatch
import Synchronization
package import Tensors
package import Time

/// One model version that this gateway accepts requests for.
package struct ServedModel: Sendable {
    package var settings: ModelSettings
    package var queue: QueueName
    /// `maximumBatchSize` is set where it is settled that rows are joined: then the inputs of a request must agree in them.
    package var signature: ModelSignature
    /// Whether requests are joined, as far as it is known without the runtime; workers know the rest.
    package var joining: JoiningOutlook
    /// As V2 metadata names it, for example `onnxruntime_onnx`.
    package var platform: String
    /// Why its file cannot be read, so that nothing is known of it; `nil`: it can.
    package var problem: String?
    /// Whether rows of several requests may share a run: settled, or left to the load to prove.
    package var mayJoinRows: Bool {
        switch joining {
        case .settled(let joining): joining.joinsRows
        case .open:
            signature.maximumBatchSize != nil
                || (!signature.inputs.isEmpty && (signature.inputs + signature.outputs).allSatisfy(\.mayCountRows))
        }
    }
    /// Class names for the classification extension, by output.
    package var labels: [String: [String]] { settings.labels }

    package init(
        settings: ModelSettings, queue: QueueName, signature: ModelSignature, joining: JoiningOutlook = .open,
        platform: String, problem: String? = nil
    ) {
        self.settings = settings
        self.queue = queue
        self.signature = signature
        self.joining = joining
        self.platform = platform
        self.problem = problem
    }
}

/// The models this gateway knows, by name.
package struct ModelCatalog: Sendable {
    package enum Lookup: Sendable {
        case found(ServedModel)
        case unknownModel
        /// The model is known, this version of it is not served.
        case unknownVersion(served: String)
    }

    /// Reads a model's file again. Blocking, for as long as it takes to walk over the file's top levels.
    package typealias Reader = @Sendable (ServedModel) -> ServedModel

    private let shelf: Shelf

    /// - Parameters:
    ///   - time: time that only goes on.
    ///   - reread: asked for a model whose file could not be read, when it is looked for, at most once a second, on a
    ///     thread of its own; whoever looks meanwhile gets what is known. By default that stays.
    package init(
        _ models: [ServedModel], time: any TimeSource = MonotonicTime(ContinuousClock()),
        reread: @escaping Reader = { $0 }
    ) {
        shelf = Shelf(models, time: time, reread: reread)
    }

    /// In the order of the cluster file.
    package var models: [ServedModel] { shelf.models }

    /// Without a version, the served one.
    package func find(_ name: String, version: String?) -> Lookup {
        guard let model = shelf.model(name) else { return .unknownModel }
        guard let version, version != model.queue.version else { return .found(model) }
        return .unknownVersion(served: model.queue.version)
    }

    package func find(_ queue: QueueName) -> ServedModel? {
        guard let model = shelf.model(queue.model), model.queue == queue else { return nil }
        return model
    }
}

/// The models, of which those that could not be read may still become readable.
private final class Shelf: Sendable {
    private struct State {
        var models: [ServedModel]
        var places: [String: Int]
        var looked: [String: Timestamp] = [:]
        /// Whose files are being read: one that hangs is not read a second time.
        var reading: Set<String> = []
    }

    private let state: Mutex<State>
    private let time: any TimeSource
    private let reread: ModelCatalog.Reader
    private let threads = DispatchQueue(label: "spate.catalog", attributes: .concurrent)

    init(_ models: [ServedModel], time: any TimeSource, reread: @escaping ModelCatalog.Reader) {
        let places = Dictionary(
            models.enumerated().map { ($1.settings.name, $0) }, uniquingKeysWith: { first, _ in first })
        state = Mutex(State(models: models, places: places))
        self.time = time
        self.reread = reread
    }

    var models: [ServedModel] { state.withLock { $0.models } }

    func model(_ name: String) -> ServedModel? {
        let (found, isDue) = state.withLock { state -> (ServedModel?, Bool) in
            guard let place = state.places[name] else { return (nil, false) }
            let model = state.models[place]
            guard model.problem != nil else { return (model, false) }
            let now = time.now()
            if let looked = state.looked[name], now - looked < .seconds(1) { return (model, false) }
            guard state.reading.insert(name).inserted else { return (model, false) }
            state.looked[name] = now
            return (model, true)
        }
        guard isDue, let found else { return found }
        threads.async { [self] in
            let read = reread(found)
            state.withLock { state in
                state.reading.remove(name)
                if let place = state.places[name] { state.models[place] = read }
            }
        }
        return found
    }
}
