import NIOCore

/// Tells a client that only closed its sending side from one that is gone, by the start of the answer.
///
/// TCP shows both as a FIN (RFC 9112 9.6 lets a client half-close and read on); a client that is gone shows itself by a reset
/// when it is sent something. Every answer begins with `HTTP/1.1 `, whatever comes of the request, so these nine bytes are sent
/// early, one at a time with growing pauses (0.02, 1, 2, 4 … 128 s after the FIN); what was sent is left out when the answer
/// comes. A client that goes away after the last of them is noticed when the answer is written.
final class EarlyStatusLine: ChannelOutboundHandler, ExchangeObserver {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let start = Array("HTTP/1.1 ".utf8)
    private static let firstPause: TimeAmount = .milliseconds(20)

    private var sent = 0
    private var next: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        next?.cancel()
        next = nil
        guard sent > 0 else { return context.write(data, promise: promise) }
        var bytes = Self.unwrapOutboundIn(data)
        if bytes.readableBytesView.starts(with: Self.start) { bytes.moveReaderIndex(forwardBy: sent) }
        sent = 0
        context.write(Self.wrapOutboundOut(bytes), promise: promise)
    }

    func note(_ event: ExchangeEvent) {
        switch event {
        case .inputEnded: if let context { schedule(in: Self.firstPause, context) }
        case .answered, .lingering:
            next?.cancel()
            next = nil
        case .began, .received: break
        }
    }

    private func schedule(in pause: TimeAmount, _ context: ChannelHandlerContext) {
        guard sent < Self.start.count else { return }
        next = context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            let byte = context.channel.allocator.buffer(bytes: Self.start[self.sent...self.sent])
            self.sent += 1
            self.schedule(in: self.sent == 1 ? .seconds(1) : pause * 2, context)
            context.writeAndFlush(Self.wrapOutboundOut(byte), promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        next?.cancel()
    }
}
