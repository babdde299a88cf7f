import Dispatch
import HTTPTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct ContentCodingsTests {
    private let codings = ContentCodings()
    private let text = ByteBuffer(string: String(repeating: "{\"error\": \"hello\"}", count: 1_000))

    private func gzip(_ plain: ByteBuffer) throws -> ByteBuffer { try #require(Deflate.deflate(plain, as: .gzip)) }

    @Test(
        "gzip and deflate come back as they were", arguments: ["gzip", "x-gzip", "GZIP", "deflate", "identity, gzip"])
    func decodes(coding: String) async throws {
        let body = try #require(Deflate.deflate(text, as: coding == "deflate" ? .zlib : .gzip))
        #expect(try await codings.decode(body, codings: [coding], limit: 1 << 20) == text)
        #expect(try await codings.decode(text, codings: ["identity"], limit: 1) == text)
    }

    @Test(
        "small answers wait for no large ones; where the line is long, answers go as they are", .timeLimit(.minutes(1)))
    func busyLanes() async throws {
        let (large, small) = (CodingThreads(count: 1), CodingThreads(count: 1))
        let codings = ContentCodings(threads: large, smallThreads: small)
        let gate = DispatchSemaphore(value: 0)
        let work = (0..<ContentCodings.longestLine).map { _ in Task { await large.run { gate.wait() } } }
        try await eventually("a long line") { large.ahead >= ContentCodings.longestLine }
        func coding(of body: ByteBuffer, _ accepted: String) async -> String? {
            var reply = HTTPReply(status: .ok, body: body)
            reply.headers[.contentType] = "application/json"
            return await codings.encode(reply, accepting: [accepted]).headers[.contentEncoding]
        }
        #expect(await coding(of: text, "gzip") == "gzip")
        let long = ByteBuffer(repeating: 65, count: ContentCodings.small + 1)
        #expect(await coding(of: long, "gzip") == nil)
        async let insisted = coding(of: long, "gzip, identity;q=0")
        for _ in work { gate.signal() }
        #expect(await insisted == "gzip")
        for one in work { await one.value }
        #expect(await coding(of: long, "gzip") == "gzip")
    }

    @Test("several members of gzip are one text (RFC 1952 2.2)")
    func members() async throws {
        var body = try gzip(text)
        body.writeImmutableBuffer(try gzip(ByteBuffer()))
        body.writeImmutableBuffer(try gzip(ByteBuffer(string: "end")))
        var whole = text
        whole.writeString("end")
        #expect(try await codings.decode(body, codings: ["gzip"], limit: 1 << 20) == whole)
    }

    @Test("what follows a stream, or is missing of it, is refused")
    func junk() async throws {
        let body = try gzip(text)
        for junk in ["x", "\0\0\0", "\u{1F}", "{}"] {
            var body = body
            body.writeString(junk)
            await #expect(throws: RequestBodyError.self) {
                try await codings.decode(body, codings: ["gzip"], limit: 1 << 20)
            }
        }
        var zlib = try #require(Deflate.deflate(text, as: .zlib))
        zlib.writeImmutableBuffer(zlib)
        for broken in [
            zlib, body.getSlice(at: 0, length: body.readableBytes - 1), ByteBuffer(), ByteBuffer(string: "no"),
        ] {
            let broken = try #require(broken)
            await #expect(throws: RequestBodyError.self) {
                try await codings.decode(broken, codings: ["gzip"], limit: 1 << 20)
            }
        }
    }

    @Test("the limit holds for all members together")
    func limit() async throws {
        var body = try gzip(text)
        body.writeImmutableBuffer(try gzip(text))
        let limit = text.readableBytes * 2 - 1
        await #expect(throws: RequestBodyError.tooLarge(limit: limit)) {
            try await codings.decode(body, codings: ["gzip"], limit: limit)
        }
    }

    @Test("other codings, and several, are named", arguments: ["br", "zstd", "gzip, gzip", "gzip, br", "compress"])
    func unknown(coding: String) async {
        await #expect(throws: RequestBodyError.unknownEncoding(coding)) {
            try await codings.decode(text, codings: [coding], limit: 1 << 20)
        }
    }

    @Test(
        "the answer's coding is what the client likes best",
        arguments: [
            (["gzip"], "gzip"), (["deflate"], "deflate"), (["gzip, deflate, br"], "gzip"), (["deflate, gzip"], "gzip"),
            (["gzip;q=0.5, deflate"], "deflate"), (["gzip;q=0"], nil), (["*"], "gzip"), (["*;q=0"], nil), (["br"], nil),
            ([], nil),
            (["identity"], nil), (["identity;q=0"], "gzip"), (["identity, gzip;q=0.5"], nil), (["x-gzip"], "gzip"),
            (["gzip;q=0, *"], "deflate"), (["br", "gzip"], "gzip"), (["gzip;q=nonsense"], nil), ([""], nil),
        ] as [([String], String?)])
    func accepted(fields: [String], coding: String?) async throws {
        #expect(AcceptedCodings(fields).preferred == coding)
        let reply = await codings.encode(.json(.ok, text), accepting: fields)
        #expect(reply.headers[.contentEncoding] == coding && reply.headers[.vary] == "Accept-Encoding")
        if coding != nil {
            #expect(reply.body.readableBytes < text.readableBytes / 10)
            #expect(try Inflate.inflate(reply.body, limit: 1 << 20) == text)
        } else {
            #expect(reply.body == text)
        }
    }

    @Test("what an answer varies with already is kept")
    func varies() async {
        var reply = HTTPReply.json(.ok, text)
        reply.headers[.vary] = "Accept"
        #expect(await codings.encode(reply, accepting: ["gzip"]).headers[.vary] == "Accept, Accept-Encoding")
    }

    @Test("small answers go out as they are")
    func small() async {
        let reply = await codings.encode(.json(.ok, ByteBuffer(string: "{}")), accepting: ["gzip"])
        #expect(reply.headers[.contentEncoding] == nil && reply.headers[.vary] == nil)
    }
}
