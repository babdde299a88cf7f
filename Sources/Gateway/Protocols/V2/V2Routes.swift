import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors

/// Open Inference Protocol V2 over REST, and jobs: which request goes where.
struct V2Routes: Sendable {
    let catalog: ModelCatalog
    let calls: CallService
    let queue: any SubmissionQueue
    let observer: any QueueObserver
    let settings: GatewaySettings
    let serverVersion: String
    let bodies: BodyBudget
    let codings: ContentCodings
    let tenantHeader: HTTPField.Name?

    init(
        catalog: ModelCatalog, calls: CallService, queue: any SubmissionQueue, observer: any QueueObserver,
        settings: GatewaySettings, codings: ContentCodings = ContentCodings(), serverVersion: String
    ) {
        self.catalog = catalog
        self.calls = calls
        self.queue = queue
        self.observer = observer
        self.settings = settings
        self.codings = codings
        self.serverVersion = serverVersion
        tenantHeader = HTTPField.Name(settings.tenantHeader)
        bodies = BodyBudget(limit: max(settings.maximumBodies, settings.maximumBody * 5))
    }

    func respond(to request: Request, watch: ConnectionWatch) async -> HTTPReply {
        guard let path = V2Path(request.uri.path) else {
            return .error(
                .notFound, "Not Found: there is nothing at '\(request.uri.path.shortened)'; GET / lists what is")
        }
        guard path.methods.contains(request.method) else { return .methodNotAllowed(path.methods) }
        switch (path, request.method) {
        case (.model(let name, let version, .infer), .post):
            return await calls.meters.measure(model: name) {
                await infer(model: name, version: version, request: request, watch: watch)
            }
        case (.job(let id), .get): return await job(id, request: request, watch: watch).notStored
        case (.job(let id), .delete): return await cancel(id).notStored
        case (.root, .get): return .json(.ok, V2Metadata.root(version: serverVersion))
        case (.live, .get): return .json(.ok, ByteBuffer(string: #"{"live":true}"#))
        case (.ready, .get): return await ready()
        case (.server, .get): return .json(.ok, V2Metadata.server(version: serverVersion))
        case (.models, .get): return .json(.ok, V2Metadata.models(catalog.models.map(\.settings.name)))
        case (.allStatistics, .get): return statistics(of: catalog.models)
        case (.repositoryIndex, .post): return await repositoryIndex(request)
        case (.model(let name, let version, let action), .get) where action != .infer:
            return await describe(name, version: version, action)
        default: return V2Unsupported.reply(to: path) ?? .methodNotAllowed(path.methods)
        }
    }

    // MARK: Descriptions

    private var repositoryIndex: [(name: String, version: String, reason: String?)] {
        catalog.models.map { ($0.settings.name, $0.queue.version, calls.fault(of: $0)?.reason) }
    }

    private func modelReady(_ model: ServedModel) async -> HTTPReply {
        let name = model.settings.name
        if let fault = calls.fault(of: model) {
            return .cannotServe(name, reason: fault.reason, retryAfter: fault.left)
        }
        let server = await ready()
        return server.status == .ok ? .json(.ok, V2Metadata.modelReady(name: name, isReady: true)) : server
    }

    private func describe(_ name: String, version: String?, _ action: V2Path.Action) async -> HTTPReply {
        switch find(name, version: version) {
        case .failure(let reply): return reply
        case .success(let model):
            if let problem = model.problem, action != .stats {
                return .cannotServe(name, reason: problem, retryAfter: .seconds(2))
            }
            switch action {
            case .metadata:
                return .json(
                    .ok,
                    V2Metadata.model(
                        name: name, versions: [model.queue.version], platform: model.platform,
                        signature: model.signature, joining: await joining(of: model)))
            case .ready:
                return await modelReady(model)
            case .config:
                let joining = await joining(of: model)
                return .json(
                    .ok,
                    V2Metadata.config(
                        name: name, platform: model.platform, signature: model.signature,
                        maximumRows: joining.isNone ? nil : model.settings.batching.maximumRows, joining: joining,
                        maximumDelay: model.settings.batching.maximumDelay))
            case .stats: return statistics(of: [model])
            case .infer: return .methodNotAllowed([.post])
            }
        }
    }

    /// The body says which models are wanted: each of the catalog, or what can be served now.
    private func repositoryIndex(_ request: Request) async -> HTTPReply {
        let share = bodies.makeShare()
        defer { share.release() }
        do {
            let body = try await RequestBodyReader(limit: V2IndexRequest.maximumBytes, share: share, codings: codings)
                .read(request)
            let wanted = try V2IndexRequest(body)
            let models = repositoryIndex
            return .json(
                .ok, V2Metadata.repositoryIndex(wanted.readyOnly ? models.filter { $0.reason == nil } : models))
        } catch {
            return .failure(error)
        }
    }

    /// As the workers say it, where the model's file does not settle it. Without an answer of Redis it is not known.
    private func joining(of model: ServedModel) async -> KnownJoining {
        if model.joining != .open { return KnownJoining(model, reports: []) }
        // A description needs no Redis; what is not known is said so.
        return KnownJoining(model, reports: (try? await observer.workers()) ?? [])
    }

    private func statistics(of models: [ServedModel]) -> HTTPReply {
        .json(.ok, V2Metadata.statistics(models.map { V2Statistics($0.queue, calls.statistics.totals(of: $0.queue)) }))
    }

    /// Ready means that a request would be accepted: Redis would take a job now. Workers may be at zero; they start on demand.
    private func ready() async -> HTTPReply {
        guard !catalog.models.isEmpty else { return .error(.serviceUnavailable, "no model is served") }
        do {
            try await queue.verify()
            return .json(.ok, ByteBuffer(string: #"{"ready":true}"#))
        } catch {
            return .error(.serviceUnavailable, "not ready: \(error.callersReason)")
        }
    }

    enum Found {
        case success(ServedModel)
        case failure(HTTPReply)
    }

    /// The model, or Triton's 404 for it.
    func find(_ name: String, version: String?) -> Found {
        switch catalog.find(name, version: version) {
        case .found(let model): return .success(model)
        case .unknownModel:
            return .failure(.error(.notFound, "Request for unknown model: '\(name.shortened)' is not found"))
        case .unknownVersion(let served):
            return .failure(
                .error(
                    .notFound,
                    "Request for unknown model: '\(name.shortened)' version \((version ?? "").shortened) is not found; version \(served) is served"
                ))
        }
    }
}
