import NIOCore

/// The first bytes of the request that is being read: what the parser's error leaves out. Belongs to one event loop.
final class HeadBytes: ChannelInboundHandler, ExchangeObserver {
    typealias InboundIn = ByteBuffer

    private static let longestMethod = 32
    private var start: [UInt8] = []
    private var lineEnded = false
    private var lineLength = 0

    /// Whether it begins with a word, as a method is one.
    var startsWithToken: Bool {
        let word = start.prefix { $0 > 0x20 && $0 < 0x7F }
        return !word.isEmpty && start.dropFirst(word.count).first == UInt8(ascii: " ")
    }
    /// Whether it asks for a header alone.
    var isHEAD: Bool { start.starts(with: "HEAD ".utf8) }
    /// Whether the request line alone is longer than any that is read.
    var hasLongLine: Bool { lineLength > RequestRules.longestTarget }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !lineEnded {
            let bytes = Self.unwrapInboundIn(data).readableBytesView
            start.append(contentsOf: bytes.prefix(Self.longestMethod - start.count))
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
            lineLength += (end ?? bytes.endIndex) - bytes.startIndex
            lineEnded = end != nil
        }
        context.fireChannelRead(data)
    }

    func note(_ event: ExchangeEvent) {
        guard event == .received else { return }
        start.removeAll(keepingCapacity: true)
        lineEnded = false
        lineLength = 0
    }
}
