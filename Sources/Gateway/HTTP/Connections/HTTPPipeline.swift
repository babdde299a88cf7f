import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The handlers of one connection, from the socket to the requests.
///
/// | handler | concern |
/// |---|---|
/// | `ConnectionSlot` | the place in the table of connections |
/// | `AnswerPace` | answers that nobody reads |
/// | `EarlyStatusLine` | half-closed, or gone? |
/// | `RequestPaceHandler` | idle connections, requests that drip |
/// | `HeadBytes` | what the parser's errors leave out |
/// | decoder, encoder | bytes and messages |
/// | `UpgradeOffers` | offers of other protocols are ignored |
/// | `AnswerFraming` | HEAD, Date, Connection, HTTP/1.0, refusals, the end |
/// | `ConnectionWatchHandler` | tells a waiting call that its client is gone |
struct HTTPPipeline {
    /// Most bytes of a request's header fields, and of one of them.
    static let maximumHeader = 80 * 1024
    static let maximumFields = 1_000

    let limits: ConnectionLimits
    let caller: Caller
    let seat: ConnectionTable.Seat
    let answers: AnswerBudget.Share

    /// Must be called on the channel's event loop.
    func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let (head, slot, early, pace) = (
            HeadBytes(), ConnectionSlot(seat), EarlyStatusLine(), RequestPaceHandler(limits)
        )
        let decoder = Self.makeDecoder()
        try pipeline.addHandlers([
            slot, AnswerPace(limits, share: answers), early, pace, head,
        ])
        try pipeline.addHandler(decoder)
        try pipeline.addHandlers([
            HTTPResponseEncoder(), UpgradeOffers(replacing: decoder, with: Self.makeDecoder),
            AnswerFraming(head: head, observers: [head, pace, early, slot]),
            HTTP1ToHTTPServerCodec(secure: false), ConnectionWatch(caller),
        ])
    }

    private static func makeDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maximumHeader
        limits.maxHeaderListSize = maximumHeader
        limits.maxHeaderFieldCount = maximumFields
        return ByteToMessageHandler(
            HTTPRequestDecoder(
                leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .drop, limitConfiguration: limits))
    }
}
