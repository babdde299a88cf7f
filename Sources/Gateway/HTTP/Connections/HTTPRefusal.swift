import HTTPTypes
import NIOHTTP1

/// A request that is refused before anybody handles it: its framing cannot be trusted, or it takes too long to come. The
/// connection ends with the answer.
struct HTTPRefusal: Error, Sendable, Equatable {
    var status: HTTPResponse.Status
    var message: String

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The answer to what the parser found. Source: RFC 9110 15.5, 15.6 and RFC 9112 3, 6.
    init(_ error: HTTPParserError, head: HeadBytes) {
        switch error {
        case .invalidMethod where head.startsWithToken:
            self.init(.notImplemented, "the request's method is not known")
        case .invalidMethod:
            self.init(.badRequest, "the request does not begin with a method: is this HTTP?")
        // `paused`: the preface of HTTP/2.
        case .invalidVersion, .paused:
            self.init(.httpVersionNotSupported, "HTTP/1.1 and HTTP/1.0 are spoken here")
        case .headerOverflow where head.hasLongLine:
            self.init(.uriTooLong, "the request's target is too long")
        case .headerOverflow:
            self.init(
                .requestHeaderFieldsTooLarge,
                "the request's header is too large: at most \(HTTPPipeline.maximumHeader / 1024) KiB and \(HTTPPipeline.maximumFields) fields are read"
            )
        case .invalidContentLength:
            self.init(.badRequest, "Content-Length is no whole number")
        case .unexpectedContentLength:
            self.init(
                .badRequest,
                "Content-Length is given twice, beside Transfer-Encoding, or in a trailer: the body's end cannot be told"
            )
        case .invalidChunkSize: self.init(.badRequest, "a chunk's size is no hexadecimal number")
        case .invalidEOFState: self.init(.badRequest, "the connection ended before the request did")
        case .invalidURL, .invalidHost, .invalidPort, .invalidPath, .invalidQueryString, .invalidFragment:
            self.init(.badRequest, "the request's target is no path")
        case .invalidConstant, .lfExpected, .strictModeAssertion, .invalidHeaderToken, .invalidCharactersUsed:
            self.init(.badRequest, "the request's lines are not those of HTTP/1.1 (RFC 9112)")
        case .trailingGarbage, .closedConnection, .invalidStatus, .invalidInternalState, .unknown:
            self.init(.badRequest, "the request's framing is not that of HTTP/1.1 (RFC 9112)")
        }
    }

    /// 408: RFC 9110 15.5.9.
    static let tooSlow = HTTPRefusal(.requestTimeout, "the request did not come to its end in time")
}
