import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

@Suite struct ConnectionWatchTests {
    @Test("a caller is there until his connection ends, also while he only reads")
    func tellsTheEnd() throws {
        let connection = try Connection()
        try connection.send("GET /v2 HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(!connection.caller.isGone)
        connection.endInput()
        #expect(!connection.caller.isGone)
        connection.channel.pipeline.fireChannelInactive()
        #expect(connection.caller.isGone)
    }
}
