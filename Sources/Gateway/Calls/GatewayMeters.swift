import HTTPTypes
import Jobs
import NIOCore
import Observability
import Time

/// The gateway's instruments, looked up once: a request costs a few atomic additions.
struct GatewayMeters: Sendable {
    struct Model: Sendable {
        let succeeded: Counter
        let duration: Histogram
        let jobDuration: Histogram
        let endings: [String: Counter]
    }

    private static let v2 = "v2_http"
    private static let jobs = "jobs_http"
    private static let endings = ["finished", "failed", "expired", "cancelled"]

    private let series: GatewaySeries
    private let models: [String: Model]
    private let inFlight: Gauge
    private let requestBytes: Histogram
    private let replyBytes: Histogram

    init(in registry: MetricsRegistry, models names: [String]) {
        let series = GatewaySeries(in: registry)
        self.series = series
        models = Dictionary(
            names.map { name in
                (
                    name,
                    Model(
                        succeeded: series.requests(protocol: Self.v2, model: name, status: 200),
                        duration: series.requestDuration(protocol: Self.v2, model: name),
                        jobDuration: series.jobDuration(model: name),
                        endings: Dictionary(
                            uniqueKeysWithValues: Self.endings.map { ($0, series.outcomes(model: name, ending: $0)) }))
                )
            }, uniquingKeysWith: { first, _ in first })
        inFlight = series.requestsInFlight(protocol: Self.v2)
        requestBytes = series.requestBody(protocol: Self.v2)
        replyBytes = series.replyBody(protocol: Self.v2)
    }

    /// Measures one infer request.
    func measure(model name: String, _ answer: () async -> HTTPReply) async -> HTTPReply {
        let start = ContinuousClock.now
        inFlight.add(1)
        let reply = await answer()
        inFlight.add(-1)
        let model = models[name]
        if let model, reply.status == .ok {
            model.succeeded.increment()
        } else {
            // Never a name that a caller made up: such names are without number.
            series.requests(
                protocol: Self.v2, model: model == nil ? "unknown" : name, status: reply.status.code
            ).increment()
        }
        model?.duration.record(ContinuousClock.now - start)
        replyBytes.record(reply.body.readableBytes)
        return reply
    }

    func noteBody(_ bytes: Int) { requestBytes.record(bytes) }

    func note(_ refusal: Refusal) { series.refused(reason: refusal.reason).increment() }

    /// Counts one request for a job; how long it took says only how long its caller wanted to wait.
    /// - Parameter name: the job's model; `nil` where there is no such job.
    func noteJobRequest(model name: String?, _ reply: HTTPReply) {
        let known = name.flatMap { models[$0] == nil ? nil : $0 } ?? "unknown"
        series.requests(protocol: Self.jobs, model: known, status: reply.status.code).increment()
    }

    func note(_ outcome: Outcome) {
        guard let model = models[outcome.id.queue.model] else { return }
        model.jobDuration.record(max(.zero, outcome.run.settled - outcome.run.submitted))
        model.endings[outcome.ending.name]?.increment()
    }
}

extension Refusal {
    /// For the label of a metric.
    fileprivate var reason: String {
        switch self {
        case .queueFull: "queue_full"
        case .cannotServe: "cannot_serve"
        case .storeFull: "store_full"
        case .tooLarge: "too_large"
        case .gone: "gone"
        case .unavailable: "unavailable"
        case .conflict: "conflict"
        case .underWay: "under_way"
        }
    }
}
