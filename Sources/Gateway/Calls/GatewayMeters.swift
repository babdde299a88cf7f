import HTTPTypes
import Jobs
import NIOCore
import Observability
import Time

/// The gateway's instruments, looked up once: a request costs a few atomic additions.
struct GatewayMeters: Sendable {
    private struct Model: Sendable {
        let jobDuration: Histogram
        let finished: Counter
        let failed: Counter
        let expired: Counter
        let cancelled: Counter
    }

    private let series: GatewaySeries
    private let names: [String]
    private let models: [String: Model]

    init(in registry: MetricsRegistry, models names: [String]) {
        let series = GatewaySeries(in: registry)
        self.series = series
        self.names = names
        models = Dictionary(
            names.map { name in
                func outcomes(_ ending: String) -> Counter { series.outcomes(model: name, ending: ending) }
                let model = Model(
                    jobDuration: series.jobDuration(model: name), finished: outcomes("finished"),
                    failed: outcomes("failed"), expired: outcomes("expired"), cancelled: outcomes("cancelled"))
                return (name, model)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// What counts the calls of one protocol.
    func calls(through name: String) -> ProtocolMeters { ProtocolMeters(name, series, models: names) }

    func note(refusal reason: String) { series.refused(reason: reason).increment() }

    /// Counts one request for a job; how long it took says only how long its caller wanted to wait.
    /// - Parameter name: the job's model; `nil` where there is no such job.
    func noteJobRequest(model name: String?, _ reply: HTTPReply) {
        let known = name.flatMap { models[$0] == nil ? nil : $0 } ?? "unknown"
        series.requests(protocol: "jobs_http", model: known, status: reply.status.code).increment()
    }

    func note(_ outcome: Outcome) {
        guard let model = models[outcome.id.queue.model] else { return }
        model.jobDuration.record(max(.zero, outcome.run.settled - outcome.run.submitted))
        switch outcome.ending {
        case .finished: model.finished.increment()
        case .failed: model.failed.increment()
        case .expired: model.expired.increment()
        case .cancelled: model.cancelled.increment()
        }
    }
}

/// What counts the calls that come through one protocol.
struct ProtocolMeters: Sendable {
    private struct Model: Sendable {
        let succeeded: Counter
        let duration: Histogram
    }

    private let name: String
    private let series: GatewaySeries
    private let models: [String: Model]
    private let inFlight: Gauge
    private let requestBytes: Histogram
    private let replyBytes: Histogram

    fileprivate init(_ name: String, _ series: GatewaySeries, models names: [String]) {
        self.name = name
        self.series = series
        models = Dictionary(
            names.map { model in
                let meters = Model(
                    succeeded: series.requests(protocol: name, model: model, status: 200),
                    duration: series.requestDuration(protocol: name, model: model))
                return (model, meters)
            }, uniquingKeysWith: { first, _ in first })
        inFlight = series.requestsInFlight(protocol: name)
        requestBytes = series.requestBody(protocol: name)
        replyBytes = series.replyBody(protocol: name)
    }

    func began() { inFlight.add(1) }

    func noteBody(_ bytes: Int) { requestBytes.record(bytes) }

    /// - Parameter model: as the caller named it.
    func ended(model name: String, _ reply: HTTPReply, after duration: Duration) {
        inFlight.add(-1)
        let model = models[name]
        if let model, reply.status == .ok {
            model.succeeded.increment()
        } else {
            // Never a name that a caller made up: such names are without number.
            series.requests(
                protocol: self.name, model: model == nil ? "unknown" : name, status: reply.status.code
            ).increment()
        }
        model?.duration.record(duration)
        replyBytes.record(reply.body.readableBytes)
    }
}
