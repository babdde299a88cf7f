import Glibc
import NIOCore
import NIOPosix

/// Where a child says that it is ready, by the protocol of `sd_notify`: an event, where polling would guess.
struct ReadySocket {
    let path: String
    private let channel: any Channel
    private let said: EventLoopPromise<Void>

    static func open(_ path: String) async throws -> ReadySocket {
        unlink(path)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let said = loop.makePromise(of: Void.self)
        let channel = try await DatagramBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener(said: said))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        return ReadySocket(path: path, channel: channel, said: said)
    }

    /// Returns when the child says that it is ready.
    /// - Throws: when it ends before, or the time is over.
    func wait(orEndOf child: WatchedProcess, atMost limit: TimeAmount) async throws {
        child.ended.whenComplete { ending in
            said.fail(WatchedProcess.Failure(description: "it ended: \(ending)"))
        }
        let last = said.futureResult.eventLoop.scheduleTask(in: limit) {
            said.fail(WatchedProcess.Failure(description: "it was not ready in time"))
        }
        defer { last.cancel() }
        try await said.futureResult.get()
    }

    func close() {
        said.fail(WatchedProcess.Failure(description: "nobody waits"))
        channel.close(promise: nil)
    }

    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        private let said: EventLoopPromise<Void>

        init(said: EventLoopPromise<Void>) { self.said = said }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data).data)
            if text.split(separator: "\n").contains("READY=1") { said.succeed() }
        }
    }
}
