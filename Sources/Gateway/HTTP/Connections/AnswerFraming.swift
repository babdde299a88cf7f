import Glibc
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Puts answers into the frame that each request asks for: HEAD without a body, `Date`, `Connection`, HTTP/1.0, and the end
/// of the connection. Refuses requests whose framing cannot be trusted, in the order in which they came.
///
/// A connection ends in two steps (RFC 9112 9.6): the sending side first, then, once the client has closed too or after
/// `linger`, the rest; to close at once would reset the connection and could cost the client the answer.
final class AnswerFraming: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client that was told of the end may take to close.
    static let linger: TimeAmount = .seconds(2)

    private struct Refused {
        var refusal: HTTPRefusal
        /// Whether the request was a HEAD: an answer to it has no body, whatever it says (RFC 9110 9.3.2).
        var isHEAD: Bool
    }

    private let head: HeadBytes
    private var date = HTTPDate()
    private let observers: [any ExchangeObserver]
    private let now: () -> Int
    private var line = ExchangeLine()
    /// The answer to a request that nobody handles, once those before it are answered.
    private var refusal: Refused?
    /// Answers that are not at the socket yet.
    private var unsent = 0
    /// Closings that were asked for while `unsent` answers remained.
    private var closings: [EventLoopPromise<Void>?] = []
    private var lingering: Scheduled<Void>?

    /// - Parameter observers: handlers of the same connection, told in this order.
    init(
        head: HeadBytes, observers: [any ExchangeObserver] = [], now: @escaping () -> Int = { time(nil) }
    ) {
        self.head = head
        self.observers = observers
        self.now = now
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard line.takesRequests || line.isReceiving else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            guard line.takesRequests else { return }
            if let refusal = RequestRules.refusal(of: head) {
                return refuse(Refused(refusal: refusal, isHEAD: head.method == .HEAD), context)
            }
            line.begin(head)
            tell(.began)
            context.fireChannelRead(Self.wrapInboundOut(.head(Self.forHandling(head))))
        case .body: context.fireChannelRead(data)
        case .end:
            line.received()
            tell(.received)
            context.fireChannelRead(data)
        }
    }

    /// HTTP/1.0 knows no interim answers (RFC 9110 10.1.1).
    private static func forHandling(_ head: HTTPRequestHead) -> HTTPRequestHead {
        guard head.version.minor == 0 else { return head }
        var head = head
        head.headers.remove(name: "Expect")
        return head
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // What is dropped is not waited for by anybody behind.
        if lingering != nil { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as HTTPParserError:
            refuse(Refused(refusal: HTTPRefusal(error, head: head), isHEAD: head.isHEAD), context)
        case let refusal as HTTPRefusal: refuse(Refused(refusal: refusal, isHEAD: head.isHEAD), context)
        default: context.fireErrorCaught(error)
        }
    }

    private func refuse(_ refused: Refused, _ context: ChannelHandlerContext) {
        guard lingering == nil, line.takesRequests || line.isReceiving else { return }
        switch line.refuse() {
        case .answerNow: write(refused, context)
        case .answerLater: refusal = refused
        case .tellHandler: context.fireErrorCaught(refused.refusal)
        case .close: finish(context)
        }
    }

    private func write(_ refused: Refused, _ context: ChannelHandlerContext) {
        let refusal = refused.refusal
        let reply = HTTPReply.error(refusal.status, refusal.message)
        let status = HTTPResponseStatus(statusCode: refusal.status.code, reasonPhrase: refusal.status.reasonPhrase)
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "Content-Length": String(reply.body.readableBytes),
            "Date": date.text(at: now()), "Connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        tell(.began)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if !refused.isHEAD { context.write(Self.wrapOutboundOut(.body(.byteBuffer(reply.body))), promise: nil) }
        send(nil, promise: nil, context)
        context.flush()
        tell(.answered)
        finish(context)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(let head) where head.status.code >= 200:
            context.write(Self.wrapOutboundOut(.head(framed(head))), promise: promise)
        case .head: context.write(data, promise: promise)
        case .body where line.hasNoBody: promise?.succeed()
        case .body: context.write(data, promise: promise)
        case .end(let trailers):
            let ending = line.answer()
            send(trailers, promise: promise, context)
            tell(.answered)
            if ending == .close {
                context.flush()
                finish(context)
            } else if !line.isOwing, let refusal {
                self.refusal = nil
                write(refusal, context)
            }
        }
    }

    private func framed(_ head: HTTPResponseHead) -> HTTPResponseHead {
        var head = head
        let says = head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "close" }
        head.headers.remove(name: "Connection")
        if let connection = line.startAnswer(status: head.status.code, closes: says) {
            head.headers.add(name: "Connection", value: connection)
        }
        if !head.headers.contains(name: "Date") { head.headers.add(name: "Date", value: date.text(at: now())) }
        return head
    }

    /// Writes an answer's end and counts it until the socket has it.
    private func send(_ trailers: HTTPHeaders?, promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        unsent += 1
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.cascade(to: promise)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.answerSent(context) }
        context.write(Self.wrapOutboundOut(.end(trailers)), promise: sent)
    }

    private func answerSent(_ context: ChannelHandlerContext) {
        unsent -= 1
        guard unsent == 0, !closings.isEmpty else { return }
        let waiting = closings
        closings = []
        for promise in waiting { closeGently(context, promise: promise) }
    }

    // MARK: The end

    /// No further request is read; the connection ends once the answers are at the socket.
    private func finish(_ context: ChannelHandlerContext) {
        line.stop()
        // Whoever waits for the next part of a request has seen the last one.
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        if unsent > 0 { closings.append(nil) } else { closeGently(context, promise: nil) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input: context.close(mode: mode, promise: promise)
        case .output, .all:
            line.stop()
            if unsent > 0 { closings.append(promise) } else { closeGently(context, promise: promise) }
        }
    }

    private func closeGently(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        context.channel.closeFuture.cascade(to: promise)
        guard lingering == nil else { return }
        guard context.channel.isActive, !line.isInputEnded, !line.isQuiescing else {
            return context.close(promise: nil)
        }
        lingering = context.eventLoop.assumeIsolated().scheduleTask(in: Self.linger) { context.close(promise: nil) }
        tell(.lingering)
        context.close(mode: .output, promise: nil)
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            line.endInput()
            if lingering != nil { return context.close(promise: nil) }
            if line.isOwing { tell(.inputEnded) }
            context.fireUserInboundEventTriggered(event)
        case is ChannelShouldQuiesceEvent:
            if line.quiesce() == .close { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        lingering?.cancel()
        for promise in closings { promise?.fail(ChannelError.ioOnClosedChannel) }
        closings = []
    }

    private func tell(_ event: ExchangeEvent) {
        for observer in observers { observer.note(event) }
    }
}
