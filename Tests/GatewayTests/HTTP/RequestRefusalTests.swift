import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Gateway

@Suite struct RequestRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var code: Int
        var testDescription: String { name }

        init(_ name: String, _ request: String, _ code: Int) {
            self.name = name
            self.request = request
            self.code = code
        }
    }

    static let rows = [
        Row("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        Row("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        Row("a Host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        Row("unknown method", "FROB / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        Row("CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
        Row("no HTTP at all", "\u{16}\u{03}\u{01}", 400),
        Row("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505),
        Row("HTTP/3.0", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        Row("a long target", "GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        Row("a target above the header's bound", "GET /\(String(repeating: "a", count: 90_000))", 414),
        Row("a long field", "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 90_000))\r\n\r\n", 431),
        Row("many fields", "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "a: b\r\n", count: 1_100))\r\n", 431),
        Row("no length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n", 400),
        Row("two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        Row(
            "length and chunks",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        Row("another coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        Row("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        Row("another expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
        Row("a line without colon", "GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n", 400),
    ]

    @Test("what cannot be handled is refused with its status, a text in JSON, and the end", arguments: rows)
    func refused(row: Row) throws {
        let connection = try Connection()
        try? connection.send(row.request)
        let answer = try #require(Answer(try connection.received()))
        #expect(answer.code == row.code)
        #expect(answer.headers["content-type"] == "application/json" && answer.headers["connection"] == "close")
        #expect(
            answer.body.hasPrefix(#"{"error":""#) && answer.headers["content-length"] == "\(answer.body.utf8.count)")
        #expect(try connection.part() == nil)
        connection.loop.advanceTime(by: AnswerFraming.linger)
        #expect(!connection.isOpen)
    }

    @Test("a chunk that is none is told to whoever reads the body")
    func badChunk() throws {
        let connection = try Connection()
        let error = #expect(throws: HTTPRefusal.self) {
            try connection.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
            try connection.channel.throwIfErrorCaught()
        }
        #expect(error?.status == .badRequest && error?.message == "a chunk's size is no hexadecimal number")
        try connection.answer(400)
        #expect(Answer(try connection.received())?.headers["connection"] == "close")
    }

    @Test("a Host may be empty, HTTP/1.0 needs none, and a whole URL is a target")
    func accepted() throws {
        for request in [
            "GET /a HTTP/1.1\r\nHost:\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n",
            "GET http://h:80/a HTTP/1.1\r\nHost: h:80\r\n\r\n", "GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        ] {
            let connection = try Connection()
            try connection.send(request)
            #expect(try connection.request()?.head == "GET /a")
        }
    }
}
