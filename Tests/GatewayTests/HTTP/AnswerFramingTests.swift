import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Gateway

@Suite struct AnswerFramingTests {
    @Test("HEAD gets the header of GET, with its length, and no body; the next answer follows at once")
    func head() throws {
        let connection = try Connection()
        try connection.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try connection.request()?.head == "HEAD /a")
        try connection.answer()
        let first = try #require(Answer(try connection.received()))
        #expect(first.code == 200 && first.headers["content-length"] == "5" && first.body.isEmpty)
        try connection.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try connection.request()?.head == "GET /b")
        try connection.answer()
        #expect(Answer(try connection.received())?.body == "hello")
        #expect(connection.isOpen)
    }

    @Test("204 and 304 have no body", arguments: [204, 304])
    func bodiless(status: Int) throws {
        let connection = try Connection()
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        try connection.answer(status)
        let answer = try #require(Answer(try connection.received()))
        #expect(answer.code == status && answer.body.isEmpty)
    }

    @Test("every answer has a Date")
    func date() throws {
        let connection = try Connection()
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        try connection.answer()
        let date = try #require(Answer(try connection.received())?.headers["date"])
        #expect(date.hasSuffix(" GMT") && date.count == 29)
        var known = HTTPDate()
        #expect(known.text(at: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(known.text(at: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test(
        "the connection goes on or ends as the request says",
        arguments: [
            ("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", nil, true),
            ("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "close", false),
            ("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Close, TE\r\n\r\n", "close", false),
            ("GET /a HTTP/1.0\r\n\r\n", "close", false),
            ("GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "keep-alive", true),
        ] as [(String, String?, Bool)])
    func persistence(request: String, connectionHeader: String?, goesOn: Bool) throws {
        let connection = try Connection()
        try connection.send(request)
        _ = try connection.request()
        try connection.answer()
        #expect(Answer(try connection.received())?.headers["connection"] == connectionHeader)
        try connection.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect((try connection.request()?.head == "GET /next") == goesOn)
        if !goesOn {
            connection.loop.advanceTime(by: AnswerFraming.linger)
            #expect(!connection.isOpen)
        }
    }

    @Test("an answer that ends the connection lets the client close first, and no answer is cut")
    func linger() throws {
        let connection = try Connection()
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try connection.answer()
        #expect(connection.isOpen)
        connection.endInput()
        #expect(!connection.isOpen)
    }

    @Test("pipelined requests are answered in order, and a broken one behind them after them")
    func pipeline() throws {
        let connection = try Connection()
        try connection.send(
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\n\r\n")
        #expect(try connection.request()?.head == "GET /1")
        #expect(try connection.request()?.head == "GET /2")
        #expect(try connection.request() == nil)
        try connection.answer(body: "one")
        #expect(Answer(try connection.received())?.body == "one")
        try connection.answer(body: "two")
        let rest = try connection.received()
        let second = try #require(Answer(rest))
        #expect(second.body.hasPrefix("twoHTTP/1.1 400 Bad Request\r\n"))
        #expect(rest.hasSuffix(#"{"error":"the request names no Host"}"#))
        connection.loop.advanceTime(by: AnswerFraming.linger)
        #expect(!connection.isOpen)
    }

    @Test("a stopping gateway answers what was begun and says that it closes; an idle connection ends at once")
    func quiesce() throws {
        let busy = try Connection()
        try busy.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try busy.request()
        busy.table.quiesce()
        busy.loop.run()
        #expect(busy.isOpen)
        try busy.answer()
        #expect(Answer(try busy.received())?.headers["connection"] == "close")
        #expect(!busy.isOpen)
        let idle = try Connection()
        idle.table.quiesce()
        idle.loop.run()
        #expect(!idle.isOpen)
    }
}
