import NIOCore

/// Told to a connection from outside: it ends at once.
struct ConnectionEnd: Sendable {}

/// Keeps a connection's place in the table: whether it idles, and that it is over.
final class ConnectionSlot: ChannelInboundHandler, ExchangeObserver {
    typealias InboundIn = ByteBuffer

    private let seat: ConnectionTable.Seat
    private var owed = 0

    init(_ seat: ConnectionTable.Seat) { self.seat = seat }

    func note(_ event: ExchangeEvent) {
        switch event {
        case .began:
            owed += 1
            if owed == 1 { seat.busy() }
        case .answered:
            owed = max(owed - 1, 0)
            if owed == 0 { seat.idle() }
        case .received, .inputEnded, .lingering: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ConnectionEnd { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) { seat.leave() }
}
