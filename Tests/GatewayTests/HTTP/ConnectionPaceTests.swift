import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Gateway

@Suite struct ConnectionPaceTests {
    private let limits = ConnectionLimits(idle: .seconds(75), request: .seconds(60), write: .seconds(30))

    @Test("a connection without a request ends after the idle time, counted from its last answer")
    func idle() throws {
        let connection = try Connection(limits: limits)
        connection.loop.advanceTime(by: .seconds(74))
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.loop.advanceTime(by: .seconds(600))
        #expect(connection.isOpen)
        try connection.answer()
        connection.loop.advanceTime(by: .seconds(74))
        #expect(connection.isOpen)
        connection.loop.advanceTime(by: .seconds(1))
        #expect(!connection.isOpen)
        #expect(try connection.received().hasSuffix("hello"))
    }

    @Test("a head that drips is 408")
    func slowHead() throws {
        let connection = try Connection(limits: limits)
        connection.loop.advanceTime(by: .seconds(70))
        for byte in "GET / HTTP/1" {
            try connection.send(String(byte))
            connection.loop.advanceTime(by: .seconds(5))
        }
        let answer = try #require(Answer(try connection.received()))
        #expect(answer.code == 408 && answer.headers["connection"] == "close")
        connection.loop.advanceTime(by: AnswerFraming.linger)
        #expect(!connection.isOpen)
    }

    @Test("a body that drips is 408; one that comes at a kilobyte a second is read however long it takes")
    func slowBody() throws {
        let dripping = try Connection(limits: limits)
        try dripping.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        let error = #expect(throws: HTTPRefusal.self) {
            for _ in 0..<13 {
                dripping.loop.advanceTime(by: .seconds(5))
                try dripping.send("a")
                try dripping.channel.throwIfErrorCaught()
            }
        }
        #expect(error == .tooSlow)
        let steady = try Connection(limits: limits)
        try steady.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 409600\r\n\r\n")
        for _ in 0..<400 {
            steady.loop.advanceTime(by: .seconds(1))
            try steady.send(String(repeating: "a", count: 1_024))
        }
        #expect(try steady.request()?.body.utf8.count == 409_600)
    }

    @Test("a client that closes its sending side still gets its answer, whole, after the start that was sent early")
    func halfClose() throws {
        let connection = try Connection(limits: limits)
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try connection.request()
        connection.endInput()
        #expect(!connection.caller.isGone)
        #expect(try connection.received().isEmpty)
        connection.loop.advanceTime(by: .milliseconds(20))
        #expect(try connection.received() == "H")
        connection.loop.advanceTime(by: .seconds(1))
        #expect(try connection.received() == "T")
        connection.loop.advanceTime(by: .seconds(2))
        #expect(try connection.received() == "T")
        try connection.answer()
        let rest = try connection.received()
        #expect(rest.hasPrefix("P/1.1 200 OK\r\n") && rest.hasSuffix("\r\n\r\nhello"))
        #expect(!connection.isOpen)
    }

    @Test("the early start never runs beyond what all answers share")
    func earlyStartEnds() throws {
        let connection = try Connection(limits: limits)
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.endInput()
        connection.loop.advanceTime(by: .hours(1))
        #expect(try connection.received() == "HTTP/1.1 ")
        try connection.answer(503)
        #expect(try connection.received().hasPrefix("503 Service Unavailable\r\n"))
    }

    @Test("a client that is gone is told to whoever waits for it")
    func gone() throws {
        let connection = try Connection(limits: limits)
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.endInput()
        connection.channel.close(promise: nil)
        connection.channel.pipeline.fireUserInboundEventTriggered(ConnectionEnd())
        connection.loop.run()
        #expect(connection.caller.isGone)
    }
}

@Suite struct RequestPaceTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("what is late when")
    func deadlines() {
        var pace = RequestPace(idle: .seconds(75), request: .seconds(60), now: start)
        #expect(pace.deadline == start + .seconds(75))
        #expect(pace.expiry(now: start + .seconds(75)) == .idle)
        pace.read(10, now: start + .seconds(70))
        #expect(pace.deadline == start + .seconds(130))
        pace.read(10, now: start + .seconds(80))
        #expect(pace.deadline == start + .seconds(130), "more bytes do not make a head younger")
        pace.note(.began, now: start + .seconds(90))
        pace.read(2_048, now: start + .seconds(91))
        #expect(pace.deadline == start + .seconds(152))
        #expect(pace.expiry(now: start + .seconds(151)) == nil)
        #expect(pace.expiry(now: start + .seconds(152)) == .request)
        pace.note(.received, now: start + .seconds(100))
        #expect(pace.deadline == nil)
        pace.note(.answered, now: start + .seconds(200))
        #expect(pace.deadline == start + .seconds(275))
    }

    @Test("an answer before the end of a body leaves the body bounded")
    func earlyAnswer() {
        var pace = RequestPace(idle: .seconds(75), request: .seconds(60), now: start)
        pace.read(10, now: start)
        pace.note(.began, now: start)
        pace.note(.answered, now: start + .seconds(1))
        #expect(pace.deadline == start + .seconds(60))
        pace.note(.received, now: start + .seconds(2))
        #expect(pace.deadline == start + .seconds(77))
    }
}
