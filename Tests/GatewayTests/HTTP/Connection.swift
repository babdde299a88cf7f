import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import Gateway

/// One connection with every handler of the gateway, on a loop whose time the test turns.
struct Connection {
    let channel = EmbeddedChannel()
    let loop: EmbeddedEventLoop
    let caller = Caller()
    let table: ConnectionTable
    let budget: AnswerBudget

    init(
        limits: ConnectionLimits = .init(idle: .seconds(75), request: .seconds(60), write: .seconds(30)),
        table: ConnectionTable = ConnectionTable(bound: .init(regular: 8, reserve: 2), logger: Logger(label: "test")),
        budget: AnswerBudget = AnswerBudget(limit: 1 << 20)
    ) throws {
        loop = channel.embeddedEventLoop
        self.table = table
        self.budget = budget
        let entered = table.enter { [channel] in channel.pipeline.fireUserInboundEventTriggered($0) }
        let seat = try #require(entered)
        try channel.setOption(.allowRemoteHalfClosure, value: true).wait()
        try channel.pipeline.syncOperations.addHandler(OutputEnd())
        try HTTPPipeline(limits: limits, caller: caller, seat: seat, answers: budget.makeShare()).add(to: channel)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// The client sends.
    func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        loop.run()
    }

    /// The client closes its sending side.
    func endInput() {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        loop.run()
    }

    /// The next part of a request that is to be handled.
    func part() throws -> HTTPRequestPart? { try channel.readInbound(as: HTTPRequestPart.self) }

    /// Reads a whole request: its method and path, and its body.
    func request() throws -> (head: String, body: String)? {
        guard case .head(let head)? = try part() else { return nil }
        var body = ""
        while let part = try part() {
            switch part {
            case .body(let bytes): body += String(buffer: bytes)
            case .end: return ("\(head.method) \(head.path ?? "")", body)
            case .head: return nil
            }
        }
        return nil
    }

    /// The gateway answers the oldest request.
    func answer(_ status: Int = 200, body: String = "hello", headers: [(String, String)] = []) throws {
        var reply = HTTPReply(status: .init(code: status), body: ByteBuffer(string: body))
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            reply.headers[name] = value
        }
        let response = reply.response()
        try channel.writeOutbound(HTTPResponsePart.head(response.head))
        try channel.writeOutbound(HTTPResponsePart.body(ByteBuffer(string: body)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        channel.flush()
        loop.run()
    }

    /// Everything that the client has got since the last look.
    func received() throws -> String {
        loop.run()
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    var isOpen: Bool { channel.isActive }
}

/// Closes the sending side alone, as a socket does; an embedded channel would close whole.
private final class OutputEnd: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }
}

/// One answer as the client reads it.
struct Answer {
    var status: String
    var headers: [String: String] = [:]
    var body: String

    init?(_ text: String) {
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        status = lines.first ?? ""
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        body = String(text[end.upperBound...])
    }

    var code: Int { Int(status.split(separator: " ").dropFirst().first ?? "") ?? 0 }
}
