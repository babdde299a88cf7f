import Glibc
import Logging
import NIOCore
import Observability

/// Stops accepting for a moment when the process or the machine has no descriptor or memory left for a connection.
///
/// Without it the event loop is woken for ever by the connection that it cannot accept. Idle connections make room. Says so
/// once, and again after a minute without such a failure.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    static let firstPause: TimeAmount = .milliseconds(50)
    static let longestPause: TimeAmount = .seconds(1)

    /// It is not said again for so long after the last time.
    static let silence: TimeAmount = .minutes(1)

    private let connections: ConnectionTable
    private let logger: Logger
    private var pause = AcceptGate.firstPause
    private var resumption: Scheduled<Void>?
    private var said: NIODeadline?

    init(_ connections: ConnectionTable, logger: Logger) {
        self.connections = connections
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pause = Self.firstPause
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError,
            [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED].contains(error.errnoCode)
        else { return context.fireErrorCaught(error) }
        guard error.errnoCode != ECONNABORTED, resumption == nil else { return }
        let now = context.eventLoop.now
        let isSilent = said.map { now < $0 + Self.silence } ?? false
        said = now
        if !isSilent {
            logger.error(
                "Connections cannot be accepted for the moment",
                metadata: [
                    LogKeys.reason:
                        "\(String(cString: strerror(error.errnoCode))); raise the limit of open files (ulimit -n)"
                ])
        }
        connections.exhausted(error.errnoCode == EMFILE ? .process : .machine)
        setReading(false, context)
        resumption = context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.resumption = nil
            self.setReading(true, context)
        }
        pause = min(pause * 2, Self.longestPause)
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        do {
            try context.channel.syncOptions?.setOption(.autoRead, value: isOn)
        } catch {
            // The port is closed: nothing is accepted any more.
            logger.debug("the port is closed", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { resumption?.cancel() }
}
