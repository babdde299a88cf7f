import NIOCore

/// One connection: commands out, replies in, in order. Confined to its event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Who hears of replies that no command asked for one by one.
    private enum Mode {
        case commands
        /// Every reply goes there.
        case pushes(@Sendable (RedisValue) -> Void)
    }

    /// Commands above this size are written on their own, without a copy into the common buffer.
    private static let separateWrite = 64 * 1024

    private let parser: ReplyParser
    private let label: String
    private var mode = Mode.commands
    private var pending = PendingReplies()
    private var context: ChannelHandlerContext?
    private var watch: (deadline: NIODeadline, timer: Scheduled<Void>)?
    private var failure: RedisError?
    /// Called with what was answered since the last call.
    var onSettled: ((RedisLoad) -> Void)?
    /// Called once, before the requests that are lost with the connection hear of it.
    var onEnd: ((RedisError) -> Void)?

    init(parser: ReplyParser, label: String) {
        self.parser = parser
        self.label = label
    }

    /// Why the connection ended; `nil` while it lives.
    var end: RedisError? { failure }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Out

    /// Writes the requests with one flush. On a connection that ended they fail.
    func send(_ requests: [RedisRequest]) {
        guard let context, failure == nil else {
            let error = failure ?? RedisError(.connectionLost, "the connection to \(label) is closed")
            for request in requests { request.complete(.failure(error)) }
            return
        }
        var earliest = NIODeadline.distantFuture
        for request in requests {
            pending.append(request)
            earliest = min(earliest, request.deadline)
        }
        write(requests.lazy.flatMap(\.commands), context: context)
        checkDeadlines(at: earliest, context: context)
    }

    /// Writes the commands; from here on every reply goes to `push`. Nothing else may be owed.
    func subscribe(_ commands: [RedisCommand], push: @escaping @Sendable (RedisValue) -> Void) {
        mode = .pushes(push)
        post(commands)
    }

    /// Writes commands of a subscriber, whose replies are pushes too.
    func post(_ commands: [RedisCommand]) {
        guard let context, failure == nil else { return }
        write(commands, context: context)
    }

    private func write(_ commands: some Sequence<RedisCommand>, context: ChannelHandlerContext) {
        let size = commands.reduce(0) { $0 + ($1.size > Self.separateWrite ? 0 : $1.size) }
        var buffer = context.channel.allocator.buffer(capacity: size + 16)
        for command in commands {
            if command.size > Self.separateWrite {
                command.writeHeader(into: &buffer)
                context.write(wrapOutboundOut(buffer), promise: nil)
                context.write(wrapOutboundOut(command.body), promise: nil)
                buffer = context.channel.allocator.buffer(capacity: 1_024)
            } else {
                command.write(into: &buffer)
            }
        }
        if buffer.readableBytes > 0 { context.write(wrapOutboundOut(buffer), promise: nil) }
        context.flush()
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        let before = pending.load
        do {
            try parser.feed(unwrapInboundIn(data)) { reply throws(RedisError) in
                switch mode {
                case .pushes(let push): push(reply)
                case .commands:
                    if let entry = try pending.receive(reply) { entry.complete(.success(entry.replies)) }
                }
            }
        } catch {
            fail(error, context: context)
        }
        var answered = before
        answered -= pending.load
        if answered.commands > 0 { onSettled?(answered) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            RedisError(.connectionLost, "the connection to \(label) was lost; it is unknown whether the command ran"),
            context: context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(
            RedisError(
                .connectionLost,
                "the connection to \(label) failed: \(describeTLS(error)); it is unknown whether the command ran"),
            context: context)
    }

    // MARK: The end

    /// Ends the connection: replies can no longer be matched, or nobody is there.
    ///
    /// - Parameter late: what requests hear whose own time is over.
    private func fail(_ error: RedisError, late: RedisError? = nil, context: ChannelHandlerContext) {
        guard failure == nil else { return }
        failure = error
        watch?.timer.cancel()
        watch = nil
        context.close(promise: nil)
        let lost = pending.load
        let entries = pending.removeAll()
        onSettled?(lost)
        onEnd?(error)
        onSettled = nil
        onEnd = nil
        let now = NIODeadline.now()
        for entry in entries { entry.complete(.failure(entry.deadline <= now ? late ?? error : error)) }
    }

    /// One timer per connection, for the request that is late first.
    private func checkDeadlines(at deadline: NIODeadline, context: ChannelHandlerContext) {
        if let watch, watch.deadline <= deadline { return }
        watch?.timer.cancel()
        let timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.watch = nil
            guard self.failure == nil, let earliest = self.pending.earliestDeadline else { return }
            if earliest > .now() { return self.checkDeadlines(at: earliest, context: context) }
            let label = self.label
            self.fail(
                RedisError(
                    .connectionLost,
                    "the connection to \(label) was given up: an earlier command had no answer in time; it is unknown whether this one ran"
                ),
                late: RedisError(.timedOut, "\(label) did not answer in time; it is unknown whether the command ran"),
                context: context)
        }
        watch = (deadline, timer)
    }
}
