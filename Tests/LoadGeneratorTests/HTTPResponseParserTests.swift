import LoadGenerator
import NIOCore
import Random
import Testing
import Traffic

@Suite struct HTTPResponseParserTests {
    private func parse(_ text: String, cutAt cut: Int? = nil) throws -> [HTTPResponse] {
        var parser = HTTPResponseParser()
        var responses: [HTTPResponse] = []
        let bytes = Array(text.utf8)
        let pieces = cut.map { [bytes[..<$0], bytes[$0...]] } ?? [bytes[...]]
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            parser.feed(&buffer)
            while case .response(let response) = try parser.next() { responses.append(response) }
        }
        return responses
    }

    private let plain = """
        HTTP/1.1 202 Accepted\r\nlocation: /v2/jobs/a\r\nRETRY-AFTER: 3\r\nInference-Header-Content-Length:  12 \r\n\
        Content-Length: 5\r\n\r\nhello
        """

    private let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n"

    @Test("reads an answer wherever it is cut into pieces")
    func everyCut() throws {
        for cut in 0...plain.utf8.count {
            let response = try #require(try parse(plain, cutAt: cut).first)
            #expect(response.status == 202)
            #expect(response.location == "/v2/jobs/a")
            #expect(response.retryAfter == .seconds(3))
            #expect(response.inferenceHeaderLength == 12)
            #expect(response.keepsAlive)
            #expect(String(buffer: response.body) == "hello")
        }
    }

    @Test("reads a chunked answer wherever it is cut into pieces")
    func everyChunkedCut() throws {
        for cut in 0...chunked.utf8.count {
            let responses = try parse(chunked, cutAt: cut)
            #expect(responses.map { String(buffer: $0.body) } == ["hello world"], "cut at \(cut)")
        }
    }

    @Test("reads several answers in a row and passes over interim ones")
    func several() throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\n" + plain + chunked + "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        let responses = try parse(text)
        #expect(responses.map(\.status) == [202, 200, 204])
        #expect(responses.map(\.keepsAlive) == [true, true, false])
    }

    @Test(
        "refuses what is not HTTP/1.1 with a body of known length",
        arguments: [
            "garbage\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello",
        ])
    func refuses(text: String) {
        #expect(throws: ExchangeFailure.self) { try parse(text) }
    }

    @Test("never traps on bytes that are changed at random")
    func fuzz() {
        var generator = SeededGenerator(seed: 4)
        var answered = 0
        for _ in 0..<5_000 {
            var bytes = Array((Bool.random(using: &generator) ? plain : chunked).utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            var parser = HTTPResponseParser()
            var buffer = ByteBuffer(bytes: bytes)
            parser.feed(&buffer)
            do { while case .response = try parser.next() { answered += 1 } } catch { continue }
        }
        #expect(answered > 0)
    }
}
