/// Whoever sees the bytes of a connection only and has to know where its requests begin and end. Told by `AnswerFraming`, on the
/// connection's event loop: three times for each request, hence by a call and not by an event through the pipeline.
protocol ExchangeObserver: AnyObject {
    func note(_ event: ExchangeEvent)
}

/// What happens to the requests of a connection.
enum ExchangeEvent: Sendable, Equatable {
    /// A request's head was read.
    case began
    /// A request was read to its end.
    case received
    /// An answer was handed to the socket.
    case answered
    /// The client closed its sending side while an answer is still owed.
    case inputEnded
    /// Nothing is to be read any more but the client's own end.
    case lingering
}
