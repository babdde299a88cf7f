import NIOCore

/// One request on its way and what is to happen with its answer.
struct Exchange {
    /// Parts of the request's bytes, written one after the other.
    var parts: [ByteBuffer]
    /// When the answer must be there, waiting for a connection included.
    var deadline: NIODeadline
    /// Called once, on the event loop, when the request is handed to a connection.
    var onSent: ((NIODeadline) -> Void)?
    /// Called once, on the event loop.
    var completion: (Result<HTTPResponse, ExchangeFailure>) -> Void
}

/// One keep-alive connection: at most one exchange at a time, no pipelining.
///
/// Confined to its event loop, like the pool that owns it.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let pool: ConnectionPool
    private var parser = HTTPResponseParser()
    private var context: ChannelHandlerContext?
    private(set) var exchange: Exchange?
    /// The place in the pool's list of connections.
    var place: Int?

    init(pool: ConnectionPool) { self.pool = pool }

    func send(_ exchange: Exchange) {
        guard let context else {
            exchange.completion(.failure(.closed(answerBegun: false)))
            return
        }
        self.exchange = exchange
        exchange.onSent?(.now())
        for part in exchange.parts.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
        if let last = exchange.parts.last { context.write(wrapOutboundOut(last), promise: nil) }
        context.flush()
    }

    /// Ends the connection; its exchange, if any, fails with `failure`.
    func close(_ failure: ExchangeFailure) {
        let unanswered = exchange
        exchange = nil
        context?.close(promise: nil)
        unanswered?.completion(.failure(failure))
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) { pool.connected(self) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        parser.feed(&bytes)
        do throws(ExchangeFailure) {
            while case .response(let response) = try parser.next() {
                guard let answered = exchange else {
                    // An answer that nobody asked for: the stream cannot be trusted any more.
                    context.close(promise: nil)
                    return
                }
                exchange = nil
                if response.keepsAlive {
                    pool.idled(self)
                } else {
                    context.close(promise: nil)
                }
                answered.completion(.success(response))
            }
        } catch {
            close(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let unanswered = exchange
        exchange = nil
        pool.closed(self)
        unanswered?.completion(.failure(.closed(answerBegun: parser.hasBegun)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
