import NIOCore
import Settings

/// How long a connection may take for what.
struct ConnectionLimits: Sendable, Equatable {
    /// Without a request.
    var idle: TimeAmount
    /// For a request to come.
    var request: TimeAmount
    /// For the client to take `AnswerPace.slice` bytes of an answer.
    var write: TimeAmount

    init(idle: TimeAmount, request: TimeAmount, write: TimeAmount) {
        self.idle = idle
        self.request = request
        self.write = write
    }

    init(_ settings: GatewaySettings) {
        idle = TimeAmount(settings.idleTimeout)
        request = TimeAmount(settings.receiveTimeout)
        write = TimeAmount(settings.sendTimeout)
    }
}
