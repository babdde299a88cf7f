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
    private static let separateWrite = 2 * 1024
    /// A common buffer above this size is not kept for the next write.
    private static let keptBuffer = 256 * 1024
    /// A connection that owes a late reply, and on which nothing came for this long, is given up.
    private static let silence: TimeAmount = .seconds(1)

    private let parser: ReplyParser
    private let label: String
    private var mode = Mode.commands
    private var pending = PendingReplies()
    private var shared = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var watch: (deadline: NIODeadline, timer: Scheduled<Void>)?
    private var lastHeard = NIODeadline.uptimeNanoseconds(0)
    private var failure: RedisError?
    /// It refused a write as a replica does: after a failover the same name leads to the new primary.
    private var isReplica = false
    /// The server has become a replica, as another connection found out.
    private var leavesWhenIdle = false
    private var end: EventLoopPromise<RedisError>?
    /// Called when the server refuses a write as a replica does.
    var onReplica: (() -> Void)?
    /// Called with what was answered since the last call.
    var onSettled: ((RedisLoad) -> Void)?

    init(parser: ReplyParser, label: String) {
        self.parser = parser
        self.label = label
    }

    /// Whether what is sent now has a chance to reach Redis.
    var isOpen: Bool { context != nil && failure == nil }

    /// Succeeds with the reason when the connection is of no more use, before the requests that are lost with it hear
    /// of it. Its channel may need longer to close (TLS says good-bye). `nil` outside of a pipeline.
    var ended: EventLoopFuture<RedisError>? { end?.futureResult }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lastHeard = context.eventLoop.now
        end = context.eventLoop.makePromise()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        close(lost)
        self.context = nil
    }

    // MARK: Out

    /// Writes the requests with one flush. On a connection that ended they fail.
    func send(_ requests: [RedisRequest]) {
        guard let context, failure == nil else {
            for request in requests { request.complete(.failure(failure ?? lost)) }
            return
        }
        if pending.isEmpty { lastHeard = context.eventLoop.now }
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

    /// Small commands share a buffer, large ones go as they are; all leave in one vector write.
    private func write(_ commands: some Sequence<RedisCommand>, context: ChannelHandlerContext) {
        // Sole owner while it is written to: otherwise each write would copy.
        var small = shared
        shared = ByteBuffer()
        small.clear()
        var large: [(position: Int, bytes: ByteBuffer)] = []
        for command in commands {
            if command.size > Self.separateWrite {
                large.append((small.writerIndex, command.bytes))
            } else {
                small.writeImmutableBuffer(command.bytes)
            }
        }
        var written = 0
        for (position, bytes) in large {
            write(small, from: written, to: position, context: context)
            context.write(wrapOutboundOut(bytes), promise: nil)
            written = position
        }
        write(small, from: written, to: small.writerIndex, context: context)
        context.flush()
        if small.capacity <= Self.keptBuffer { shared = small }
    }

    private func write(_ buffer: ByteBuffer, from start: Int, to end: Int, context: ChannelHandlerContext) {
        guard end > start, let part = buffer.getSlice(at: start, length: end - start) else { return }
        context.write(wrapOutboundOut(part), promise: nil)
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        lastHeard = context.eventLoop.now
        let before = pending.load
        do {
            try parser.feed(unwrapInboundIn(data)) { reply throws(RedisError) in
                switch mode {
                case .pushes(let push): push(reply)
                case .commands:
                    if let message = reply.errorMessage { try note(refusal: message) }
                    if let entry = try pending.receive(reply) { entry.complete(.success(entry.replies)) }
                }
            }
            if leavesWhenIdle, pending.isEmpty { close(became(replica: "connecting anew")) }
            if isReplica {
                let onReplica = onReplica
                close(became(replica: "it is unknown whether the command ran"))
                onReplica?()
            }
        } catch {
            close(error)
        }
        var answered = before
        answered -= pending.load
        if answered.commands > 0 { onSettled?(answered) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        close(lost)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(
            RedisError(
                .connectionLost,
                "the connection to \(label) failed: \(describeTLS(error)); it is unknown whether the command ran"))
    }

    /// Errors that are about the connection, whichever command they answer.
    private func note(refusal message: String) throws(RedisError) {
        if message.hasPrefix("READONLY") { isReplica = true }
        // Sent before any command was read, and followed by the end of the connection.
        guard message.hasPrefix("ERR max number of clients") else { return }
        throw RedisError(
            .connectionFailed,
            "Redis at \(label) takes no more connections: max number of clients reached; raise its maxclients")
    }

    // MARK: The end

    /// Ends the connection once nobody waits for a reply on it.
    func leaveWhenIdle() {
        leavesWhenIdle = true
        if pending.isEmpty { close(became(replica: "connecting anew")) }
    }

    private func became(replica what: String) -> RedisError {
        RedisError(.connectionLost, "the server at \(label) is a replica; \(what)")
    }

    private var lost: RedisError {
        RedisError(.connectionLost, "the connection to \(label) was lost; it is unknown whether the command ran")
    }

    /// Ends the connection, once: replies can no longer be matched, nobody is there, or nobody wants it.
    func close(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        watch?.timer.cancel()
        watch = nil
        onSettled = nil
        onReplica = nil
        context?.close(promise: nil)
        let entries = pending.removeAll()
        end?.succeed(error)
        // A reply that is too large is the fault of the request that asked for it.
        let others = error.code == .tooLarge ? lost : error
        for (index, entry) in entries.enumerated() { entry.complete(.failure(index == 0 ? error : others)) }
    }

    // MARK: Deadlines

    /// One timer per connection, for the request that is late first.
    private func checkDeadlines(at deadline: NIODeadline, context: ChannelHandlerContext) {
        if let watch, watch.deadline <= deadline { return }
        watch?.timer.cancel()
        let timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.watch = nil
            self.endLate(context: context)
        }
        watch = (deadline, timer)
    }

    /// A late reply may still come: only with a silent connection nobody knows.
    private func endLate(context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        let error = RedisError(.timedOut, "\(label) did not answer in time; it is unknown whether the command ran")
        for entry in pending.takeLate(at: now) { entry.complete(.failure(error)) }
        var next = pending.earliestDeadline ?? .distantFuture
        if pending.hasAbandoned {
            guard now < lastHeard + Self.silence else {
                return close(
                    RedisError(
                        .connectionLost,
                        "the connection to \(label) was given up, because it was silent; it is unknown whether the command ran"
                    ))
            }
            next = min(next, lastHeard + Self.silence)
        }
        if next < .distantFuture { checkDeadlines(at: next, context: context) }
    }
}
