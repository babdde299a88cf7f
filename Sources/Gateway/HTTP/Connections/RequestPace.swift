import NIOCore

/// How long a connection may idle, and a request may take to come.
///
/// | what | bound |
/// |---|---|
/// | no request, no byte | `idle` |
/// | a head, from its first byte | `request` |
/// | a body, from the end of its head | `request`, and a second more for each `bytesPerSecond` that came |
///
/// Source: the form of Apache's mod_reqtimeout (`header=…`, `body=20,MinRate=500`): a rate, since a bound of the pause alone
/// lets a byte every few seconds hold a connection for ever.
struct RequestPace {
    /// Slowest body.
    static let bytesPerSecond = 1_024

    enum Expiry { case idle, request }
    private enum Phase {
        case idle(since: NIODeadline)
        case head(since: NIODeadline)
        case body(since: NIODeadline, bytes: Int)
        /// All was received.
        case answering
    }

    let idle: TimeAmount
    let request: TimeAmount
    private var phase: Phase
    private var owed = 0

    init(idle: TimeAmount, request: TimeAmount, now: NIODeadline) {
        self.idle = idle
        self.request = request
        phase = .idle(since: now)
    }

    /// Bytes came, before the parser saw them.
    mutating func read(_ count: Int, now: NIODeadline) {
        switch phase {
        case .idle: phase = .head(since: now)
        case .body(let since, let bytes): phase = .body(since: since, bytes: bytes + count)
        case .head, .answering: break
        }
    }

    mutating func note(_ event: ExchangeEvent, now: NIODeadline) {
        switch event {
        case .began:
            owed += 1
            phase = .body(since: now, bytes: 0)
        case .received: phase = owed == 0 ? .idle(since: now) : .answering
        case .answered:
            owed = max(owed - 1, 0)
            if case .answering = phase, owed == 0 { phase = .idle(since: now) }
        case .inputEnded, .lingering: phase = .answering
        }
    }

    /// When something is too late if nothing happens; `nil` while the gateway is at work.
    var deadline: NIODeadline? {
        switch phase {
        case .idle(let since): since + idle
        case .head(let since): since + request
        case .body(let since, let bytes): since + request + .seconds(Int64(bytes / Self.bytesPerSecond))
        case .answering: nil
        }
    }

    /// What is too late now.
    func expiry(now: NIODeadline) -> Expiry? {
        guard let deadline, now >= deadline else { return nil }
        if case .idle = phase { return .idle }
        return .request
    }
}

/// Ends connections that idle for too long and refuses requests that come too slowly (408).
final class RequestPaceHandler: ChannelInboundHandler, ExchangeObserver {
    typealias InboundIn = ByteBuffer

    /// Longest time for the answer to a request that was too slow.
    private static let grace: TimeAmount = .seconds(5)

    private let limits: ConnectionLimits
    private var pace: RequestPace?
    private var timer: Scheduled<Void>?
    private var isExpired = false
    private var context: ChannelHandlerContext?

    init(_ limits: ConnectionLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard pace == nil else { return }
        pace = RequestPace(idle: limits.idle, request: limits.request, now: context.eventLoop.now)
        arm(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pace?.read(Self.unwrapInboundIn(data).readableBytes, now: context.eventLoop.now)
        arm(context)
        context.fireChannelRead(data)
    }

    func note(_ event: ExchangeEvent) {
        guard let context else { return }
        pace?.note(event, now: context.eventLoop.now)
        arm(context)
    }

    /// One timer, that is set again when it ends too early: nothing is scheduled for each request.
    private func arm(_ context: ChannelHandlerContext) {
        guard !isExpired, let deadline = pace?.deadline else { return }
        if let timer {
            guard deadline < due else { return }
            timer.cancel()
        }
        due = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.expire(context)
        }
    }
    private var due = NIODeadline.distantFuture

    private func expire(_ context: ChannelHandlerContext) {
        switch pace?.expiry(now: context.eventLoop.now) {
        case nil: arm(context)
        case .idle?: context.close(promise: nil)
        case .request?:
            isExpired = true
            context.fireErrorCaught(HTTPRefusal.tooSlow)
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.grace) { context.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
    }
}
