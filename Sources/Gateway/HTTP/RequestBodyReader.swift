import HTTPTypes
import HummingbirdCore
import NIOCore

/// Reads a request's body whole, bounded before and after decompression.
struct RequestBodyReader: Sendable {
    /// Largest body, in bytes, as sent and after decompression.
    var limit: Int
    /// The longest pause between two parts of a body is bounded by the listener's idle time-out.
    init(limit: Int) { self.limit = limit }

    func read(_ request: Request) async throws(RequestBodyError) -> ByteBuffer {
        if let announced = request.headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw .tooLarge(limit: limit)
        }
        var body = ByteBuffer()
        do {
            for try await part in request.body {
                if body.readableBytes + part.readableBytes > limit { throw RequestBodyError.tooLarge(limit: limit) }
                if body.readableBytes == 0 {
                    body = part
                    if let announced = request.headers[.contentLength].flatMap({ Int($0) }),
                        announced > part.readableBytes
                    {
                        body.reserveCapacity(announced)
                    }
                } else {
                    body.writeImmutableBuffer(part)
                }
            }
        } catch {
            throw error as? RequestBodyError ?? .interrupted
        }
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "identity": return body
        case "gzip", "x-gzip", "deflate": return try Inflate.inflate(body, limit: limit)
        case .some(let other): throw .unknownEncoding(other)
        }
    }
}

enum RequestBodyError: Error, Sendable, Equatable {
    case tooLarge(limit: Int)
    case unknownEncoding(String)
    case notDecompressible(String)
    /// The client went away before the body's end.
    case interrupted
}
