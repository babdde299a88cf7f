import NIOCore
import NIOHTTP1

/// Ignores offers to change the protocol, as RFC 9110 7.8 allows, and keeps the connection in HTTP/1.1.
///
/// SwiftNIO's decoder reads nothing more after a request with such an offer (`Connection: Upgrade` and `Upgrade:`, as Java's
/// HttpClient and `curl --http2` send it), since it expects to be removed (apple/swift-nio#2570). So it is removed, and a fresh
/// one in its place takes the bytes that it has left.
final class UpgradeOffers: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias Decoder = ByteToMessageHandler<HTTPRequestDecoder>

    private var decoder: Decoder
    private let makeDecoder: () -> Decoder
    private var isOffered = false

    init(replacing decoder: Decoder, with makeDecoder: @escaping () -> Decoder) {
        self.decoder = decoder
        self.makeDecoder = makeDecoder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            isOffered =
                head.headers.contains(name: "Upgrade")
                && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
        case .end where isOffered:
            isOffered = false
            replaceDecoder(context)
        case .body, .end: break
        }
        context.fireChannelRead(data)
    }

    private func replaceDecoder(_ context: ChannelHandlerContext) {
        let old = decoder
        decoder = makeDecoder()
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(decoder, position: .after(old))
            // The bytes that it has left are parsed by then; those behind wait for the end of a read to look at them.
            let removed = context.eventLoop.makePromise(of: Void.self)
            removed.futureResult.assumeIsolated().whenComplete { _ in context.fireChannelReadComplete() }
            pipeline.removeHandler(old, promise: removed)
        } catch {
            // The pipeline is being torn down.
            context.close(promise: nil)
        }
    }
}
