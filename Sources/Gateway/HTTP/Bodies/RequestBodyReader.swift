import HTTPTypes
import HummingbirdCore
import NIOCore

/// Reads a request's body whole, bounded before and after decompression, and together with all others.
struct RequestBodyReader: Sendable {
    /// Largest body, in bytes, as sent and after decompression.
    var limit: Int
    /// What this body takes of the room for all.
    var share: BodyBudget.Share
    var codings: ContentCodings

    /// How long a body may take is bounded by the listener (`RequestPace`).
    init(limit: Int, share: BodyBudget.Share, codings: ContentCodings) {
        self.limit = limit
        self.share = share
        self.codings = codings
    }

    func read(_ request: Request) async throws(RequestBodyError) -> ByteBuffer {
        let announced = request.announcedBytes
        if announced > limit { throw .tooLarge(limit: limit) }
        var body = ByteBuffer()
        do {
            for try await part in request.body {
                if body.readableBytes + part.readableBytes > limit { throw RequestBodyError.tooLarge(limit: limit) }
                try share.add(part.readableBytes)
                if body.readableBytes == 0 {
                    body = part
                    if announced > part.readableBytes { body.reserveCapacity(announced) }
                } else {
                    body.writeImmutableBuffer(part)
                }
            }
        } catch let error as RequestBodyError {
            throw error
        } catch let refusal as HTTPRefusal {
            throw .refused(refusal)
        } catch {
            throw .interrupted
        }
        let codings = request.headers[values: .contentEncoding]
        if codings.isEmpty { return body }
        let decoded = try await self.codings.decode(body, codings: codings, limit: limit)
        try share.add(decoded.readableBytes)
        return decoded
    }
}

enum RequestBodyError: Error, Sendable, Equatable {
    case tooLarge(limit: Int)
    case unknownEncoding(String)
    case notDecompressible(String)
    /// The bodies of all requests together are as large as is allowed.
    case noRoom(held: Int, limit: Int)
    /// Its framing is broken, or it came too slowly.
    case refused(HTTPRefusal)
    /// The client went away before the body's end.
    case interrupted
}

extension Request {
    /// The length that the body is said to have; `Int.max` for all that is more, as the parser lets in up to 2^64 - 1.
    var announcedBytes: Int {
        headers[.contentLength].flatMap { UInt64($0) }.map { Int(clamping: $0) } ?? 0
    }
}
