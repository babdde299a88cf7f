import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Observability
import Processes
import Settings
import Synchronization

/// One connection, ready for its requests.
final class HTTPConnection: Sendable {
    let caller: Caller
    let seat: ConnectionTable.Seat
    let answers: AnswerBudget.Share
    private let channel: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
    private let isTaken = Atomic(false)

    init(
        _ channel: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>, caller: Caller,
        seat: ConnectionTable.Seat,
        answers: AnswerBudget.Share
    ) {
        self.channel = channel
        self.caller = caller
        self.seat = seat
        self.answers = answers
    }

    /// The channel, which the caller closes.
    func take() -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        isTaken.store(true, ordering: .relaxed)
        return channel
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        // Accepted while the port was being closed, so that nobody takes it: a channel that is not ended would end the process.
        // Unstructured, as there is no scope; a failure means that it is closed.
        Task { [channel] in try? await channel.executeThenClose { _, _ in } }
    }
}

/// What the ports of a gateway have in common: bounds on connections, on time, on answers that are not read.
struct HTTPServing: Sendable {
    let limits: ConnectionLimits
    let connections: ConnectionTable
    let answers: AnswerBudget
    let codings: ContentCodings

    init(
        limits: ConnectionLimits, connections: ConnectionTable, answers: AnswerBudget, codings: ContentCodings
    ) {
        self.limits = limits
        self.connections = connections
        self.answers = answers
        self.codings = codings
    }

    init(_ settings: GatewaySettings, codings: ContentCodings, metrics: MetricsRegistry, logger: Logger) {
        limits = ConnectionLimits(settings)
        connections = ConnectionTable(
            bound: .init(settings, DescriptorLimit.current()), logger: logger, series: ConnectionSeries(in: metrics))
        answers = AnswerBudget(limit: settings.maximumAnswers)
        self.codings = codings
    }

    /// - Returns: `nil` where there is no room; the channel is closed.
    func open(_ channel: any Channel) throws -> HTTPConnection? {
        let seat = connections.enter { [pipeline = channel.pipeline] in pipeline.fireUserInboundEventTriggered($0) }
        guard let seat else {
            channel.close(promise: nil)
            return nil
        }
        let caller = Caller()
        let answers = answers.makeShare()
        try HTTPPipeline(limits: limits, caller: caller, seat: seat, answers: answers).add(to: channel)
        let http = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        return HTTPConnection(http, caller: caller, seat: seat, answers: answers)
    }

    var tooManyConnections: HTTPReply {
        var reply = HTTPReply.error(
            .serviceUnavailable,
            "\(connections.bound.regular) connections are open, as many as are served; try again later",
            headers: [.retryAfter: "1"])
        reply.closesConnection = true
        return reply
    }

    /// The answer in the coding that the client accepts, or what it gets when too much is unread.
    func finished(_ reply: HTTPReply, to request: Request, _ connection: HTTPConnection) async -> HTTPReply {
        // The answer to HEAD is its header alone.
        let isCounted = request.method != .head
        let plain = reply.body.readableBytes
        guard !isCounted || connection.answers.admit(plain) else {
            var refused = HTTPReply.error(
                .serviceUnavailable,
                "the gateway holds \(answers.held) bytes of answers that are not read yet and allows \(answers.limit) (gateway.maximum_answers); try again in a second",
                headers: [.retryAfter: "1"])
            // A job that was accepted stays its caller's.
            for name in [HTTPField.Name.jobID, .location] { refused.headers[name] = reply.headers[name] }
            return refused
        }
        let coded = await codings.encode(reply, accepting: request.headers[values: .acceptEncoding])
        if isCounted { connection.answers.prepared(from: plain, to: coded.body.readableBytes) }
        return coded
    }
}
