import NIOCore

/// The tree of one reply while hiredis walks it, depth first.
///
/// A large string comes with a buffer of its own, which begins at a multiple of 64 bytes, so that whoever keeps one payload
/// keeps no other; small strings of one reply share one buffer, so that they cost no allocation each.
final class ReplyBuilder {
    /// Strings from this length on have a buffer of their own.
    static let ownBuffer = 1_024
    /// Smaller ones of at least this length, which may be records of jobs, begin where every element type may begin.
    private static let leastAligned = 64
    private static let sharedAlignment = 8

    private enum Node {
        case value(RedisValue)
        /// In `text`.
        case slice(Range<Int>)
        case array([Node])
    }

    private struct Frame {
        var remaining: Int
        var nodes: [Node]
    }

    private let limits: ReplyParser.Limits
    private var frames: [Frame] = []
    private var root: Node?
    private var text = ByteBuffer()
    /// A large string, in whose place hiredis reads an empty one next.
    private var expected: ByteBuffer?
    private var bytes = 0
    private var values = 0
    /// Whether a limit was broken; hiredis itself only knows that something failed.
    private(set) var isTooLarge = false

    init(limits: ReplyParser.Limits) { self.limits = limits }

    /// The finished reply, and room for the next.
    func finish() -> RedisValue? {
        defer {
            root = nil
            text = ByteBuffer()
            bytes = 0
            values = 0
        }
        return root.map(value)
    }

    // MARK: Each is `false` when a limit is broken.

    /// - Parameter length: bytes of text in the value.
    func add(_ value: RedisValue, _ length: Int = 0) -> Bool { account(length) && add(.value(value)) }

    func addBulk(_ raw: UnsafeRawBufferPointer) -> Bool {
        if let large = expected {
            expected = nil
            return account(large.readableBytes) && add(.value(.bulk(large)))
        }
        guard account(raw.count) else { return false }
        if raw.count >= Self.leastAligned {
            let gap = -text.writerIndex & (Self.sharedAlignment - 1)
            if gap > 0 { text.writeRepeatingByte(0, count: gap) }
        }
        let start = text.writerIndex
        text.writeBytes(raw)
        return add(.slice(start..<text.writerIndex))
    }

    /// Whether a string of this length would break no limit.
    func hasRoom(for length: Int) -> Bool { values < limits.values && length <= limits.bytes - bytes }

    /// The next string is this one.
    func expect(_ large: ByteBuffer) { expected = large }

    func open(_ count: Int) -> Bool {
        guard account(0), count <= limits.values - values else { return refuse() }
        guard count > 0 else { return add(.array([])) }
        var nodes: [Node] = []
        nodes.reserveCapacity(min(count, 1_024))
        frames.append(Frame(remaining: count, nodes: nodes))
        return true
    }

    private func account(_ length: Int) -> Bool {
        values += 1
        bytes += length
        return values <= limits.values && bytes <= limits.bytes ? true : refuse()
    }

    private func refuse() -> Bool {
        isTooLarge = true
        return false
    }

    private func add(_ node: Node) -> Bool {
        var node = node
        while let last = frames.indices.last {
            frames[last].nodes.append(node)
            frames[last].remaining -= 1
            guard frames[last].remaining == 0 else { return true }
            node = .array(frames.removeLast().nodes)
        }
        root = node
        return true
    }

    private func value(_ node: Node) -> RedisValue {
        switch node {
        case .value(let value): value
        case .slice(let range): .bulk(text.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer())
        case .array(let nodes): .array(nodes.map(value))
        }
    }
}

extension ByteBuffer {
    private static let alignment = 64

    /// An empty buffer with room for `capacity` bytes, whose first one will lie at a multiple of 64: a backend can read
    /// elements of every type in place.
    static func aligned(capacity: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(capacity + alignment - 1)
        let gap = buffer.withUnsafeMutableWritableBytes { bytes in
            -Int(bitPattern: bytes.baseAddress) & (alignment - 1)
        }
        buffer.moveWriterIndex(to: gap)
        buffer.moveReaderIndex(to: gap)
        return buffer
    }
}
