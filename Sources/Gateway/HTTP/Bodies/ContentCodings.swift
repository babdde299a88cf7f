import Glibc
import HTTPTypes
import NIOCore

/// Content codings of requests and answers (RFC 9110 8.4): gzip and deflate, on threads of their own.
struct ContentCodings: Sendable {
    /// For `Accept-Encoding`.
    static let supported = "gzip, deflate"
    /// Smaller answers are not compressed: nothing is won.
    static let smallest = 1_024

    /// Answers up to this size are compressed apart from all that is larger, so that they wait for a millisecond at most.
    static let small = 64 * 1_024
    /// With so many before it an answer goes as it is.
    static let longestLine = 8

    /// For large bodies: decoding and encoding, compressing.
    let threads: CodingThreads
    private let smallThreads: CodingThreads
    /// Apart, since a small body can become a large one.
    private let inflating: CodingThreads

    init(
        threads: CodingThreads = CodingThreads(count: max(2, sysconf(CInt(_SC_NPROCESSORS_ONLN)) / 2)),
        smallThreads: CodingThreads = CodingThreads(count: 1), inflating: CodingThreads = CodingThreads()
    ) {
        self.threads = threads
        self.smallThreads = smallThreads
        self.inflating = inflating
    }

    /// The body as it was before `Content-Encoding`.
    ///
    /// - Throws: `unknownEncoding`, also for several codings; what `Inflate` throws.
    func decode(_ body: ByteBuffer, codings fields: [String], limit: Int) async throws(RequestBodyError) -> ByteBuffer {
        let codings = fields.flatMap { $0.split(separator: ",") }.map { $0.trimmed.lowercased() }
            .filter { !$0.isEmpty && $0 != "identity" }
        guard let coding = codings.first else { return body }
        guard codings.count == 1, ["gzip", "x-gzip", "deflate"].contains(coding) else {
            throw .unknownEncoding(codings.joined(separator: ", "))
        }
        let result: Result<ByteBuffer, RequestBodyError> = await inflating.run {
            do throws(RequestBodyError) {
                return .success(try Inflate.inflate(body, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The answer in the coding that the client prefers; as it is, where too many wait for theirs and the client takes it so.
    func encode(_ reply: HTTPReply, accepting fields: [String]) async -> HTTPReply {
        guard reply.body.readableBytes >= Self.smallest, reply.headers[.contentEncoding] == nil else { return reply }
        var reply = reply
        reply.headers[.vary] = reply.headers[.vary].map { "\($0), Accept-Encoding" } ?? "Accept-Encoding"
        let accepted = AcceptedCodings(fields)
        guard let coding = accepted.preferred else { return reply }
        let body = reply.body
        let threads = body.readableBytes <= Self.small ? smallThreads : threads
        if threads.ahead >= Self.longestLine, !accepted.refusesIdentity { return reply }
        guard let encoded = await threads.run({ Deflate.deflate(body, as: coding == "gzip" ? .gzip : .zlib) }) else {
            return reply
        }
        reply.body = encoded
        reply.headers[.contentEncoding] = coding
        return reply
    }
}

/// What a client accepts.
///
/// Source: RFC 9110 12.5.3. Of equal weights gzip comes first, then deflate, then the answer as it is.
struct AcceptedCodings {
    private var weights: [String: Double] = [:]

    init(_ fields: [String]) {
        for element in fields.flatMap({ $0.split(separator: ",") }) {
            let parts = element.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let name = parts.first, !name.isEmpty else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            weights[name == "x-gzip" ? "gzip" : name] = min(max(weight, 0), 1)
        }
    }

    var refusesIdentity: Bool { (weights["identity"] ?? weights["*"]) == 0 }

    /// `gzip`, `deflate`, or `nil`: as it is.
    var preferred: String? {
        let identity = weights["identity"]
        let best = ["gzip", "deflate"].map { (name: $0, weight: weights[$0] ?? weights["*"] ?? 0) }
            .max { $0.weight < $1.weight || ($0.weight == $1.weight && $0.name == "deflate") }
        if let best, best.weight > 0, best.weight >= identity ?? 0 { return best.name }
        // Nothing but "not as it is": anything else is better than an error.
        return identity == 0 && weights["gzip"] == nil && weights["deflate"] == nil && weights["*"] == nil
            ? "gzip" : nil
    }
}

extension Substring {
    /// Without white space at its ends (RFC 9110 5.6.3).
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
