import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Knows whether the client of one connection is still there, and tells the call that waits on its behalf.
///
/// HTTP/1.1 runs one request of a connection at a time, so there is at most one caller to tell. A client that closed its
/// sending side is still there: see `EarlyStatusLine`.
final class ConnectionWatch: Sendable {
    private struct State {
        var isClosed = false
        var onClose: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    init() {}

    /// Calls `action` once when the client goes away; at once if it is gone already.
    func notify(_ action: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.onClose = action }
            return state.isClosed
        }
        if isClosed { action() }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// The call is answered: nobody is to be told any more.
    func release() {
        state.withLock { $0.onClose = nil }
    }

    fileprivate func close() {
        let action = state.withLock { state in
            state.isClosed = true
            defer { state.onClose = nil }
            return state.onClose
        }
        action?()
    }
}

/// Sees the end of a connection.
final class ConnectionWatchHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let watch: ConnectionWatch

    init(_ watch: ConnectionWatch) { self.watch = watch }

    func channelInactive(context: ChannelHandlerContext) {
        watch.close()
        context.fireChannelInactive()
    }
}
