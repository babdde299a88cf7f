package import NIOCore

/// An answer of the service: its status, the few fields that a load generator acts on, and its body.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var location: String?
    package var retryAfter: Duration?
    /// Bytes of JSON in front of the binary tensors.
    package var inferenceHeaderLength: Int?
    /// Whether the connection may carry another request.
    package var keepsAlive: Bool
    package var body: ByteBuffer

    package init(
        status: Int, location: String? = nil, retryAfter: Duration? = nil, inferenceHeaderLength: Int? = nil,
        keepsAlive: Bool = true, body: ByteBuffer = ByteBuffer()
    ) {
        self.status = status
        self.location = location
        self.retryAfter = retryAfter
        self.inferenceHeaderLength = inferenceHeaderLength
        self.keepsAlive = keepsAlive
        self.body = body
    }
}

/// Why an exchange brought no answer.
package enum ExchangeFailure: Error, Sendable, Equatable {
    /// No connection could be made; nothing was sent.
    case cannotConnect(String)
    /// The connection ended before the whole answer was there.
    case closed(answerBegun: Bool)
    case timedOut
    /// The bytes of the answer are not HTTP/1.1.
    case malformed(String)
    /// Too many requests wait for a connection.
    case overflow

    /// In words, for the report's list of reasons.
    package var reason: String {
        switch self {
        case .cannotConnect(let text): "cannot connect: \(text)"
        case .closed(let begun): begun ? "connection closed amid the answer" : "connection closed without an answer"
        case .timedOut: "no answer within the time-out"
        case .malformed(let text): "malformed answer: \(text)"
        case .overflow: "too many requests wait for a connection"
        }
    }
}
