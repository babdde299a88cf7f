import NIOCore
import NIOHTTP1

/// The requests of one connection that are owed an answer, first come first, and how long the connection lives.
struct ExchangeLine {
    private struct Exchange {
        var isHEAD: Bool
        var version: HTTPVersion
        /// Whether the client wants the connection to go on after this answer.
        var persists: Bool
    }

    enum Refusal { case answerNow, answerLater, tellHandler, close }
    enum Ending { case goOn, close }

    private var owed = CircularBuffer<Exchange>(initialCapacity: 4)
    /// Whether a request was begun and not read to its end.
    private(set) var isReceiving = false
    private(set) var isInputEnded = false
    /// False once the connection is to end: what else the client sends is not handled.
    private(set) var takesRequests = true
    private(set) var isQuiescing = false
    /// Whether a refusal follows the answers that are owed.
    private var isRefusing = false
    private var closesAfterAnswer = false
    /// Whether the answer that is being written must not have a body.
    private(set) var hasNoBody = false

    var isOwing: Bool { !owed.isEmpty }

    mutating func begin(_ head: HTTPRequestHead) {
        isReceiving = true
        owed.append(Exchange(isHEAD: head.method == .HEAD, version: head.version, persists: head.isKeepAlive))
        // Nothing behind a request that ends the connection is handled (RFC 9112 9.6).
        if !head.isKeepAlive { takesRequests = false }
    }

    mutating func received() { isReceiving = false }

    /// A request cannot be read (on).
    mutating func refuse() -> Refusal {
        takesRequests = false
        guard isReceiving else {
            isRefusing = !owed.isEmpty
            return owed.isEmpty ? .answerNow : .answerLater
        }
        isReceiving = false
        guard let last = owed.indices.last else { return .close }
        owed[last].persists = false
        return .tellHandler
    }

    /// - Returns: what the answer says in `Connection`.
    mutating func startAnswer(status: UInt, closes: Bool) -> String? {
        guard let exchange = owed.first else { return nil }
        hasNoBody = exchange.isHEAD || status == 204 || status == 304
        let isLast = owed.count == 1 && !isRefusing
        closesAfterAnswer = closes || !exchange.persists || (isLast && (isQuiescing || isInputEnded))
        if closesAfterAnswer { return "close" }
        return exchange.version.minor == 0 ? "keep-alive" : nil
    }

    /// An answer is complete.
    mutating func answer() -> Ending {
        if !owed.isEmpty { owed.removeFirst() }
        hasNoBody = false
        return closesAfterAnswer ? .close : .goOn
    }

    /// The client sends nothing more.
    mutating func endInput() {
        isInputEnded = true
        isReceiving = false
        takesRequests = false
    }

    /// The gateway stops: what was begun is answered.
    mutating func quiesce() -> Ending {
        isQuiescing = true
        return owed.isEmpty && !isReceiving ? .close : .goOn
    }

    mutating func stop() {
        takesRequests = false
        isReceiving = false
    }
}
