import HTTPTypes
import HummingbirdCore
import NIOCore

/// Reads a request's body whole, bounded before and after decompression, and together with all others.
struct RequestBodyReader: Sendable {
    /// Largest body, in bytes, as sent and after decompression.
    var limit: Int
    /// What this body takes of the room for all.
    var share: BodyBudget.Share
    /// The longest pause between two parts of a body is bounded by the listener's idle time-out.
    init(limit: Int, share: BodyBudget.Share) {
        self.limit = limit
        self.share = share
    }

    func read(_ request: Request) async throws(RequestBodyError) -> ByteBuffer {
        if let announced = request.headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw .tooLarge(limit: limit)
        }
        var body = ByteBuffer()
        do {
            for try await part in request.body {
                if body.readableBytes + part.readableBytes > limit { throw RequestBodyError.tooLarge(limit: limit) }
                try share.add(part.readableBytes)
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
        case "gzip", "x-gzip", "deflate":
            let inflated = try Inflate.inflate(body, limit: limit)
            try share.add(inflated.readableBytes)
            return inflated
        case .some(let other): throw .unknownEncoding(other)
        }
    }
}

enum RequestBodyError: Error, Sendable, Equatable {
    case tooLarge(limit: Int)
    case unknownEncoding(String)
    case notDecompressible(String)
    /// The bodies of all requests together are as large as is allowed.
    case noRoom(held: Int, limit: Int)
    /// The client went away before the body's end.
    case interrupted
}
