/// What happens to the requests of a connection, told towards the socket as an outbound user event: handlers that see
/// bytes only learn from it where a request begins and ends.
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
