import Clocks
import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors

/// The way of an inference request through the gateway, the same for every protocol: read within bounds, decoded, its options
/// read, submitted, answered.
struct FrontDoor: Sendable {
    let catalog: ModelCatalog
    let calls: CallService
    let queue: any SubmissionQueue
    let observer: any QueueObserver
    let settings: GatewaySettings
    let serverVersion: String
    let protocols: InferenceProtocols
    let jobs: JobRoutes
    let bodies: BodyBudget
    let codings: ContentCodings
    let clock: WaitClock
    let tenantHeader: HTTPField.Name?
    /// By the place of the protocol in the list.
    private let meters: [ProtocolMeters]

    init(
        catalog: ModelCatalog, calls: CallService, queue: any SubmissionQueue, observer: any QueueObserver,
        settings: GatewaySettings, codings: ContentCodings = ContentCodings(), serverVersion: String,
        protocols: InferenceProtocols = .all, clock: WaitClock
    ) {
        self.catalog = catalog
        self.calls = calls
        self.queue = queue
        self.observer = observer
        self.settings = settings
        self.codings = codings
        self.serverVersion = serverVersion
        self.protocols = protocols
        self.clock = clock
        jobs = JobRoutes(catalog: catalog, calls: calls, protocols: protocols, codings: codings, settings: settings)
        tenantHeader = HTTPField.Name(settings.tenantHeader)
        bodies = BodyBudget(limit: max(settings.maximumBodies, settings.maximumBody * 5))
        meters = protocols.list.map { calls.meters.calls(through: $0.name) }
    }

    /// Reads a body whole; it is held until `share` is released.
    func read(
        _ request: Request, limit: Int, into share: BodyBudget.Share
    ) async throws(RequestBodyError) -> ByteBuffer {
        try await RequestBodyReader(limit: limit, share: share, codings: codings).read(request)
    }

    /// The model that is served under this name.
    func model(_ name: String, version: String?) throws(CallProblem) -> ServedModel {
        switch catalog.find(name, version: version) {
        case .found(let model): return model
        case .unknownModel: throw .unknownModel(name)
        case .unknownVersion(let served): throw .unknownVersion(version ?? "", of: name, served: served)
        }
    }

    /// Answers one inference request: synchronously or, with `Prefer: respond-async`, as a job.
    func infer(
        _ name: String, version: String?, _ request: Request, from caller: Caller,
        through proto: some InferenceProtocol
    ) async -> HTTPReply {
        let call = FrontDoorCall(door: self, proto: proto, meters: meters[protocols.place(of: proto)], caller: caller)
        return await call.answer(request, name: name, version: version)
    }
}
