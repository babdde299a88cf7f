import Clocks
import Foundation
import HTTPTypes
import HummingbirdCore
import Jobs
import Logging
import NIOCore
import Observability
import Settings
import Tensors
import TestKit
import TestSupport
import Testing
import Time

@testable import Gateway

/// The gateway's routes over a queue in memory, without a network: requests in, answers out.
struct GatewayHarness {
    let queue: ModelQueue
    let clock: ManualClock
    let routes: GatewayRoutes
    let name: QueueName
    let metrics: MetricsRegistry

    /// - Parameters:
    ///   - signature: of the only model, `m`.
    ///   - other: another gateway, to share its queue.
    ///   - problem: why the model's file cannot be read.
    init(
        signature: ModelSignature = V2Samples.image, maximumQueue: Int = 20_000,
        settings: GatewaySettings = GatewaySettings(), sharing other: GatewayHarness? = nil,
        problem: String? = nil, protocols: InferenceProtocols = .all
    ) throws {
        clock = other?.clock ?? ManualClock(Timestamp(microseconds: 1_700_000_000_000_000))
        queue = other?.queue ?? ModelQueue(clock: clock)
        name = try #require(QueueName(model: "m", version: "1"))
        metrics = MetricsRegistry()
        let catalog = ModelCatalog([
            ServedModel(
                settings: ModelSettings(name: "m", maximumQueue: maximumQueue), queue: name, signature: signature,
                platform: "onnxruntime_onnx", problem: problem)
        ])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let calls = CallService(
            gateway: "g", settings: settings, catalog: catalog, queue: queue, observer: queue,
            meters: GatewayMeters(in: metrics, models: ["m"]), time: clock,
            clock: WaitClock(ContinuousClock()), logger: logger)
        routes = GatewayRoutes(
            door: FrontDoor(
                catalog: catalog, calls: calls, queue: queue, observer: queue, settings: settings, serverVersion: "0",
                protocols: protocols, clock: WaitClock(ContinuousClock())))
    }

    var calls: CallService { routes.door.calls }
    var catalog: ModelCatalog { routes.door.catalog }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], _ body: ByteBuffer = ByteBuffer(),
        from caller: Caller = Caller()
    ) async -> HTTPReply {
        let head = HTTPRequest(method: method, scheme: "http", authority: "t", path: path, headerFields: headers)
        return await routes.respond(to: Request(head: head, body: RequestBody(buffer: body)), from: caller)
    }

    /// An asynchronous infer of model `m` with one row for `V2Samples.image`.
    func submit(_ headers: HTTPFields = [:], _ body: String = Self.row) async -> HTTPReply {
        var headers = headers
        headers[.prefer] = headers[.prefer].map { "respond-async, \($0)" } ?? "respond-async"
        return await send(.post, "/v2/models/m/infer", headers, ByteBuffer(string: body))
    }

    static let row = #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#

    /// Delivers outcomes to synchronous callers while `body` runs.
    func serving<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        let calls = calls
        let replies = Task { await calls.run() }
        defer { replies.cancel() }
        return try await body()
    }

    /// The name of the job that an answer gives.
    func ticket(_ reply: HTTPReply) throws -> String { try #require(reply.headers[.jobID]) }

    /// A synchronous infer, as `submit`.
    func infer(_ headers: HTTPFields = [:], _ body: String = Self.row) async -> HTTPReply {
        await send(.post, "/v2/models/m/infer", headers, ByteBuffer(string: body))
    }

    func take() async throws -> TakenJob {
        try #require(try await queue.worker("w").take(upTo: 1, from: [name], waiting: .seconds(20)).first)
    }

    /// Settles a job as worker `w` does.
    func settle(_ job: TakenJob, _ ending: Outcome.Ending) async throws {
        let outcome = Outcome(
            id: job.id, replyTo: job.job.replyTo, echo: job.job.echo, ending: ending,
            run: RunRecord(submitted: job.job.submitted, settled: clock.now(), batchRows: 1, worker: "w"))
        try await queue.worker("w").settle([Settlement(outcome: outcome, retention: job.job.retention)])
    }
}

extension HTTPReply {
    /// The body as JSON.
    var document: [String: Any] {
        get throws {
            try #require(
                try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any],
                "\(String(buffer: body))")
        }
    }

    var jobStatus: String? { headers[.jobStatus] }

    var error: String { (try? document["error"] as? String) ?? "" }
}
