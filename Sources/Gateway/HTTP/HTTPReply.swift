import HTTPTypes
import HummingbirdCore
import NIOCore

/// A complete answer: status, headers and one buffer.
struct HTTPReply: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: ByteBuffer
    /// Ends the connection after the answer, for a request that was not read to its end.
    var closesConnection = false

    init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// `application/json` without a charset: the KServe client compares the whole header.
    static func json(_ status: HTTPResponse.Status, _ body: ByteBuffer, headers: HTTPFields = [:]) -> HTTPReply {
        var reply = HTTPReply(status: status, headers: headers, body: body)
        reply.headers[.contentType] = "application/json"
        return reply
    }

    func response() -> Response {
        var headers = headers
        if closesConnection { headers[.connection] = "close" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}
