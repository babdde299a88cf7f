import Glibc
import NIOCore

/// Ends connections whose client does not read: answers go to the socket in slices, and each slice has to be taken within
/// `limits.write`. Says to the budget of all unread answers when one is gone.
final class AnswerPace: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Slowest reader: this much in `limits.write`.
    static let slice = 64 * 1024

    private let limits: ConnectionLimits
    private let share: AnswerBudget.Share
    /// Writes that the socket has not taken.
    private var pending = 0
    /// Answers that the budget counts and that have not left.
    private var counted = 0
    private var progress = NIODeadline.uptimeNanoseconds(0)
    private var timer: Scheduled<Void>?

    init(_ limits: ConnectionLimits, share: AnswerBudget.Share) {
        self.limits = limits
        self.share = share
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        share.opened { channel.pipeline.fireUserInboundEventTriggered(UnreadAnswer()) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = Self.unwrapOutboundIn(data)
        let count = bytes.readableBytes
        // A small part of an answer: its end, which somebody waits for, follows and tells.
        if promise == nil, count < AnswerBudget.smallest { return context.write(data, promise: nil) }
        if pending == 0 { progress = context.eventLoop.now }
        while bytes.readableBytes > Self.slice {
            guard let slice = bytes.readSlice(length: Self.slice) else { break }
            write(slice, context).cascadeFailure(to: promise)
        }
        let last = write(bytes, context)
        last.cascade(to: promise)
        if count >= AnswerBudget.smallest {
            counted += 1
            last.assumeIsolated().whenComplete { _ in
                self.counted -= 1
                self.share.sent(count)
            }
        }
        arm(context)
    }

    private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        pending += 1
        let taken = context.eventLoop.makePromise(of: Void.self)
        taken.futureResult.assumeIsolated().whenComplete { _ in
            self.pending -= 1
            self.progress = context.eventLoop.now
            if self.counted > 0 { self.share.progressed() }
        }
        context.write(Self.wrapOutboundOut(bytes), promise: taken)
        return taken.futureResult
    }

    private func arm(_ context: ChannelHandlerContext) {
        guard timer == nil, pending > 0 else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: progress + limits.write) {
            self.timer = nil
            guard self.pending > 0 else { return }
            if context.eventLoop.now >= self.progress + self.limits.write {
                self.reset(context)
            } else {
                self.arm(context)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is UnreadAnswer { return reset(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Ends the connection with a reset: the kernel forgets at once what it holds for the client.
    private func reset(_ context: ChannelHandlerContext) {
        if let options = context.channel as? any SocketOptionProvider {
            _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        share.closed()
    }
}

/// Told to a connection by the budget: what it holds is needed for others.
struct UnreadAnswer: Sendable {}
