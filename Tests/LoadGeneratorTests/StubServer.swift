import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP server on loopback that answers as a script says; real sockets, any free port.
///
/// Everything runs on one event loop, so the script needs no lock of its own.
final class StubServer: Sendable {
    struct Request: Sendable {
        var method: HTTPMethod
        var uri: String
        var headers: HTTPHeaders
        var body: ByteBuffer
        /// Counted from 0 over all requests of the server.
        var number: Int

        var isAsynchronous: Bool { headers["Prefer"].contains("respond-async") }
        var key: String? { headers["Idempotency-Key"].first }
    }

    enum Answer: Sendable {
        case reply(Int, HTTPHeaders = [:], String = "", after: TimeAmount = .zero)
        /// Closes the connection without an answer.
        case disconnect
        /// Never answers.
        case silence
    }

    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameter makeScript: Called once on the server's loop; what it returns answers each request there.
    init(_ makeScript: @escaping @Sendable () -> (Request) -> Answer) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let loop = group.next()
        let script = try await loop.submit { NIOLoopBound(ScriptBox(makeScript()), eventLoop: loop) }.get()
        channel = try await ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(StubHandler(script.value))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() async throws {
        try await channel.close().get()
        try await group.shutdownGracefully()
    }
}

private final class ScriptBox {
    let script: (StubServer.Request) -> StubServer.Answer
    var count = 0

    init(_ script: @escaping (StubServer.Request) -> StubServer.Answer) { self.script = script }
}

private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let box: ScriptBox
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ box: ScriptBox) { self.box = box }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let request = StubServer.Request(
                method: head.method, uri: head.uri, headers: head.headers, body: body, number: box.count)
            box.count += 1
            switch box.script(request) {
            case .disconnect: context.close(promise: nil)
            case .silence: break
            case .reply(let status, let headers, let text, let delay):
                let channel = context.channel
                channel.eventLoop.scheduleTask(in: delay) {
                    var headers = headers
                    headers.replaceOrAdd(name: "Content-Length", value: "\(text.utf8.count)")
                    let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
                    channel.write(HTTPServerResponsePart.head(head), promise: nil)
                    channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
                    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
