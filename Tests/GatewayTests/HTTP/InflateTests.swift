import NIOCore
import Testing

@testable import Gateway

@Suite struct InflateTests {
    private let text = ByteBuffer(string: String(repeating: "spate ", count: 5_000))

    private func coded(_ form: Deflate.Format) throws -> ByteBuffer { try #require(Deflate.deflate(text, as: form)) }

    @Test("gives back what gzip and zlib made smaller, several gzip members as one text")
    func inflates() throws {
        for form in [Deflate.Format.gzip, .zlib] {
            #expect(try Inflate.inflate(coded(form), limit: 100_000) == text)
        }
        var twice = try coded(.gzip)
        twice.writeImmutableBuffer(try coded(.gzip))
        #expect(try Inflate.inflate(twice, limit: 100_000).readableBytes == 2 * text.readableBytes)
    }

    @Test("stops at the limit, however small the body was")
    func stopsAtLimit() throws {
        #expect(throws: RequestBodyError.tooLarge(limit: 1_000)) { try Inflate.inflate(coded(.gzip), limit: 1_000) }
        #expect(try Inflate.inflate(coded(.zlib), limit: text.readableBytes) == text)
    }

    @Test("a stream that is none, is cut or has something behind it is an error, and none traps")
    func refusesBroken() throws {
        let whole = try coded(.gzip)
        var trailing = try coded(.zlib)
        trailing.writeString("more")
        for body in [ByteBuffer(), ByteBuffer(string: "plain text"), trailing] {
            #expect(throws: RequestBodyError.self) { try Inflate.inflate(body, limit: 100_000) }
        }
        for end in 0..<whole.readableBytes {
            let cut = try #require(whole.getSlice(at: 0, length: end))
            #expect(throws: RequestBodyError.self) { try Inflate.inflate(cut, limit: 100_000) }
        }
    }
}
