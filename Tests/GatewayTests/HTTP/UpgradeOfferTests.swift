import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Gateway

@Suite struct UpgradeOfferTests {
    @Test(
        "an offer of another protocol is ignored, and the connection goes on",
        arguments: [
            "GET /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
            "POST /1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
            "GET /1 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET /1 HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n",
            "GET /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n",
            "POST /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        ])
    func ignored(offer: String) throws {
        let connection = try Connection()
        for _ in 0..<3 {
            try connection.send(offer)
            #expect(try connection.request()?.head.hasSuffix(" /1") == true)
            try connection.answer()
            #expect(Answer(try connection.received())?.code == 200)
        }
        try connection.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try connection.request()?.head == "GET /2")
    }

    @Test("what came together with an offer is read too, wherever the bytes are cut")
    func pipelined() throws {
        let offer = "POST /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
        let text = Array((offer + offer + "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n").utf8)
        for cut in stride(from: 1, to: text.count, by: 7) {
            let connection = try Connection()
            try connection.send(String(decoding: text[..<cut], as: UTF8.self))
            try connection.send(String(decoding: text[cut...], as: UTF8.self))
            for expected in ["POST /1", "POST /1", "GET /2"] {
                let request = try connection.request()
                #expect(
                    request?.head == expected && request?.body == (expected == "GET /2" ? "" : "abc"), "cut at \(cut)")
            }
        }
    }
}
