import CHiredis
import NIOCore

/// Bytes to replies, by hiredis's reader with object functions of our own.
///
/// The functions append each value to a tree under construction, and every string of one reply to one buffer, from
/// which the finished reply's strings are cut as slices: one copy and about one allocation per reply.
/// Confined to one event loop.
final class ReplyParser {
    struct Limits {
        /// Largest unparsed input.
        var bytes = 512 << 20
        /// Most elements of one array.
        var elements = 1 << 20
    }

    private let reader: UnsafeMutablePointer<redisReader>
    private let builder: ReplyBuilder
    private let limits: Limits

    /// `nil` when memory is short.
    init?(limits: Limits = Limits()) {
        guard let reader = redisReaderCreateWithFunctions(replyFunctions) else { return nil }
        self.reader = reader
        self.limits = limits
        builder = ReplyBuilder(maximumElements: limits.elements)
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
    }

    deinit { redisReaderFree(reader) }

    func feed(_ bytes: ByteBuffer) throws(RedisError) {
        guard reader.pointee.len - reader.pointee.pos + bytes.readableBytes <= limits.bytes else {
            throw RedisError(.protocolViolation, "a reply is larger than \(limits.bytes) bytes")
        }
        let status = bytes.withUnsafeReadableBytes { buffer in
            redisReaderFeed(reader, buffer.bindMemory(to: CChar.self).baseAddress, buffer.count)
        }
        guard status == REDIS_OK else { throw violation() }
    }

    /// The next whole reply, or `nil` when more bytes are needed.
    func next() throws(RedisError) -> RedisValue? {
        var object: UnsafeMutableRawPointer?
        builder.expect(reader.pointee.len - reader.pointee.pos)
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw violation() }
        guard object != nil else { return nil }
        return builder.finish()
    }

    private func violation() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, "the reply is not RESP: \(text)")
    }
}

/// The tree of one reply while hiredis walks it, depth first.
private final class ReplyBuilder {
    private enum Node {
        case value(RedisValue)
        case text(Range<Int>)
        case array([Node])
    }

    private struct Frame {
        var remaining: Int
        var nodes: [Node]
    }

    private let maximumElements: Int
    private var frames: [Frame] = []
    private var root: Node?
    private var text = ByteBuffer()
    private var expected = 0

    init(maximumElements: Int) { self.maximumElements = maximumElements }

    /// At most so many bytes of strings can come without further input.
    func expect(_ bytes: Int) { expected = bytes }

    func finish() -> RedisValue? {
        defer {
            root = nil
            frames.removeAll(keepingCapacity: true)
            text = ByteBuffer()
        }
        return root.map(value)
    }

    func add(_ value: RedisValue) { add(.value(value)) }

    func addText(_ bytes: UnsafeRawBufferPointer) {
        if text.readableBytes == 0 && expected > 64 { text.reserveCapacity(min(expected, 16 << 20)) }
        let start = text.writerIndex
        text.writeBytes(bytes)
        add(.text(start..<text.writerIndex))
    }

    /// Opens an array; `false` when it is larger than allowed.
    func open(_ count: Int) -> Bool {
        guard count <= maximumElements else { return false }
        if count == 0 {
            add(Node.array([]))
        } else {
            var nodes: [Node] = []
            nodes.reserveCapacity(min(count, 1_024))
            frames.append(Frame(remaining: count, nodes: nodes))
        }
        return true
    }

    private func add(_ node: Node) {
        var node = node
        while let last = frames.indices.last {
            frames[last].nodes.append(node)
            frames[last].remaining -= 1
            guard frames[last].remaining == 0 else { return }
            node = .array(frames.removeLast().nodes)
        }
        root = node
    }

    private func value(_ node: Node) -> RedisValue {
        switch node {
        case .value(let value): value
        case .text(let range): .bulk(text.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer())
        case .array(let nodes): .array(nodes.map(value))
        }
    }
}

// MARK: hiredis object functions. They only see pointers that hiredis hands them for the length of the call.

/// Any address that is not NULL: NULL means failure to hiredis.
private nonisolated(unsafe) let someObject = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)

private func builder(of task: UnsafePointer<redisReadTask>?) -> ReplyBuilder? {
    guard let opaque = task?.pointee.privdata else { return nil }
    return Unmanaged<ReplyBuilder>.fromOpaque(opaque).takeUnretainedValue()
}

/// Never written after initialisation; allocated once for the process, as hiredis keeps the pointer.
private nonisolated(unsafe) let replyFunctions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    functions.initialize(
        to: redisReplyObjectFunctions(
            createString: { task, bytes, length in
                guard let builder = builder(of: task), let bytes, let kind = task?.pointee.type else { return nil }
                let raw = UnsafeRawBufferPointer(start: bytes, count: length)
                switch kind {
                case REDIS_REPLY_STATUS: builder.add(.simple(String(decoding: raw, as: UTF8.self)))
                case REDIS_REPLY_ERROR: builder.add(.error(String(decoding: raw, as: UTF8.self)))
                default: builder.addText(raw)
                }
                return someObject
            },
            createArray: { task, count in
                guard let builder = builder(of: task), builder.open(Int(count)) else { return nil }
                return someObject
            },
            createInteger: { task, number in
                guard let builder = builder(of: task) else { return nil }
                builder.add(.integer(number))
                return someObject
            },
            createNil: { task in
                guard let builder = builder(of: task) else { return nil }
                builder.add(.null)
                return someObject
            },
            freeObject: { _ in }))
    return functions
}()
