import NIOCore
import NIOHTTPTypes

/// Tells the caller of a connection that its client went away.
///
/// HTTP/1.1 runs one request of a connection at a time, so a connection is one caller. A client that closed its sending side is
/// still there: see `EarlyStatusLine`.
final class ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let caller: Caller

    init(_ caller: Caller) { self.caller = caller }

    func channelInactive(context: ChannelHandlerContext) {
        caller.leave()
        context.fireChannelInactive()
    }
}
