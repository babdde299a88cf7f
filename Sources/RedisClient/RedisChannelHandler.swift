import NIOCore

/// One connection: commands out, replies in, in order. Confined to its event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Commands above this size are written on their own, without a copy into the common buffer.
    private static let separateWrite = 64 * 1024
    private static let lateCheck: TimeAmount = .milliseconds(100)

    private let parser: ReplyParser
    private let label: String
    /// In subscriber mode every reply goes here and none is matched with a command.
    private let push: (@Sendable (RedisValue) -> Void)?
    private var pending = PendingReplies()
    private var context: ChannelHandlerContext?
    private var isChecking = false
    private var failure: RedisError?

    init(parser: ReplyParser, label: String, push: (@Sendable (RedisValue) -> Void)? = nil) {
        self.parser = parser
        self.label = label
        self.push = push
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Writes the requests with one flush. On a closed connection they fail at once.
    func send(_ requests: [RedisRequest]) {
        guard let context, failure == nil else {
            let error = failure ?? RedisError(.connectionLost, "the connection to \(label) is closed")
            for request in requests { request.complete(.failure(error)) }
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: min(requests.reduce(0) { $0 + $1.size }, 1 << 20))
        for request in requests {
            if push == nil { pending.append(request) }
            for command in request.commands {
                if command.size > Self.separateWrite {
                    command.writeHeader(into: &buffer)
                    context.write(wrapOutboundOut(buffer), promise: nil)
                    context.write(wrapOutboundOut(command.body), promise: nil)
                    buffer = context.channel.allocator.buffer(capacity: 1_024)
                } else {
                    command.write(into: &buffer)
                }
            }
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        if push == nil { checkLater(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try parser.feed(unwrapInboundIn(data))
            while let reply = try parser.next() {
                if let push {
                    push(reply)
                } else if let (request, replies) = try pending.receive(reply) {
                    request.complete(.success(replies))
                }
            }
        } catch {
            fail(error, context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            RedisError(
                .connectionLost, "the connection to \(label) was lost; it is unknown whether the command ran"),
            context: context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(RedisError(.connectionLost, "the connection to \(label) failed: \(error)"), context: context)
    }

    /// Ends the connection: replies can no longer be matched, or nobody is there.
    private func fail(_ error: RedisError, context: ChannelHandlerContext) {
        guard failure == nil else { return }
        failure = error
        context.close(promise: nil)
        for request in pending.removeAll() { request.complete(.failure(error)) }
    }

    /// One timer per connection while replies are owed, whatever their number.
    private func checkLater(_ context: ChannelHandlerContext) {
        guard !isChecking else { return }
        isChecking = true
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lateCheck) {
            self.isChecking = false
            guard self.failure == nil, !self.pending.isEmpty else { return }
            if self.pending.isLate(at: .now()) {
                self.fail(
                    RedisError(
                        .timedOut,
                        "\(self.label) did not answer in time; it is unknown whether the command ran"), context: context
                )
            } else {
                self.checkLater(context)
            }
        }
    }
}

extension RedisCommand {
    func writeHeader(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(argumentCount)\r\n")
    }
}
