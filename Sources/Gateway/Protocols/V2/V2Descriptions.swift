import GatewayCore
import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors

/// What the protocol tells of the server and its models: health, metadata, statistics.
struct V2Descriptions: Sendable {
    let door: FrontDoor

    /// - Parameter path: any but inference, with a method that it has.
    func reply(to path: V2Path, _ request: Request) async -> HTTPReply {
        switch (path, request.method) {
        case (.root, .get): .json(.ok, V2Metadata.root(version: door.serverVersion))
        case (.live, .get): .json(.ok, ByteBuffer(string: #"{"live":true}"#))
        case (.ready, .get): await ready()
        case (.server, .get): .json(.ok, V2Metadata.server(version: door.serverVersion))
        case (.models, .get): .json(.ok, V2Metadata.models(door.catalog.models.map(\.settings.name)))
        case (.allStatistics, .get): statistics(of: door.catalog.models)
        case (.repositoryIndex, .post): await repositoryIndex(request)
        case (.model(let name, let version, let action), .get): await describe(name, version: version, action)
        default: V2Unsupported.reply(to: path) ?? .methodNotAllowed(path.methods)
        }
    }

    private var repositoryIndex: [(name: String, version: String, reason: String?)] {
        door.catalog.models.map { ($0.settings.name, $0.queue.version, door.calls.fault(of: $0)?.reason) }
    }

    private func modelReady(_ model: ServedModel) async -> HTTPReply {
        let name = model.settings.name
        if let fault = door.calls.fault(of: model) {
            return .v2(.cannotServe(model: name, reason: fault.reason, retryAfter: fault.left))
        }
        let server = await ready()
        return server.status == .ok ? .json(.ok, V2Metadata.modelReady(name: name, isReady: true)) : server
    }

    private func describe(_ name: String, version: String?, _ action: V2Path.Action) async -> HTTPReply {
        let model: ServedModel
        do {
            model = try door.model(name, version: version)
        } catch {
            return .v2(error)
        }
        if let problem = model.problem, action != .stats {
            return .v2(.cannotServe(model: name, reason: problem, retryAfter: .seconds(2)))
        }
        switch action {
        case .metadata:
            return .json(
                .ok,
                V2Metadata.model(
                    name: name, versions: [model.queue.version], platform: model.platform,
                    signature: model.signature, joining: await joining(of: model)))
        case .ready: return await modelReady(model)
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

    /// The body says which models are wanted: each of the catalog, or what can be served now.
    private func repositoryIndex(_ request: Request) async -> HTTPReply {
        let share = door.bodies.makeShare()
        defer { share.release() }
        do {
            let wanted = try V2IndexRequest(
                await door.read(request, limit: V2IndexRequest.maximumBytes, into: share))
            let models = repositoryIndex
            return .json(
                .ok, V2Metadata.repositoryIndex(wanted.readyOnly ? models.filter { $0.reason == nil } : models))
        } catch {
            return V2Protocol().finalReply(to: CallProblem(error))
        }
    }

    /// As the workers say it, where the model's file does not settle it. Without an answer of Redis it is not known.
    private func joining(of model: ServedModel) async -> KnownJoining {
        if model.joining != .open { return KnownJoining(model, reports: []) }
        // A description needs no Redis; what is not known is said so.
        return KnownJoining(model, reports: (try? await door.observer.workers()) ?? [])
    }

    private func statistics(of models: [ServedModel]) -> HTTPReply {
        .json(
            .ok,
            V2Metadata.statistics(models.map { V2Statistics($0.queue, door.calls.statistics.totals(of: $0.queue)) }))
    }

    /// Ready means that a request would be accepted: Redis would take a job now. Workers may be at zero; they start on demand.
    private func ready() async -> HTTPReply {
        guard !door.catalog.models.isEmpty else { return .error(.serviceUnavailable, "no model is served") }
        do {
            try await door.queue.verify()
            return .json(.ok, ByteBuffer(string: #"{"ready":true}"#))
        } catch {
            return .error(.serviceUnavailable, "not ready: \(error.callersReason)")
        }
    }
}
