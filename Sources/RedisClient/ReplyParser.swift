import CHiredis
import NIOCore

/// Bytes to replies, by hiredis's reader with object functions of our own.
///
/// | a string of | is copied |
/// |---|---|
/// | less than 1 KiB | into hiredis's buffer, and from there into the reply |
/// | 1 KiB and more | once, into the reply: hiredis reads an empty string in its place (`ReplyFraming`) |
///
/// Bytes that are not RESP, or too many, are an error, after which the parser must not be used. Confined to one event loop.
final class ReplyParser {
    struct Limits: Sendable {
        /// Most bytes of one reply.
        var bytes = 512 << 20
        /// Most values in one reply, those in nested arrays included.
        var values = 4 << 20
    }

    /// hiredis moves what is left of its buffer after every reply, so it is fed in parts.
    private static let part = 64 * 1024
    private static let keptBuffer = 256 * 1024
    /// What hiredis reads in place of a large string.
    private static let emptyString = ByteBuffer(string: "$0\r\n\r\n")
    /// Longest line: a status, an error, a number or a length. Redis's own bound is the same.
    private static let line = 64 * 1024

    private let reader: UnsafeMutablePointer<redisReader>
    private let builder: ReplyBuilder
    private let limits: Limits
    private var framing = ReplyFraming(largeFrom: ReplyBuilder.ownBuffer)
    /// Bytes that end within a header.
    private var held = ByteBuffer()
    private var large: LargeString?

    /// A large string of which bytes are still to come.
    private struct LargeString {
        var bytes: ByteBuffer
        /// With the two bytes that end it.
        var missing: Int
    }

    /// `nil` when memory is short.
    init?(limits: Limits = Limits()) {
        guard let reader = redisReaderCreateWithFunctions(replyFunctions) else { return nil }
        self.reader = reader
        self.limits = limits
        builder = ReplyBuilder(limits: limits)
        // Kept between replies: by default a buffer above 16 KiB is freed and made anew for each.
        reader.pointee.maxbuf = Self.keptBuffer
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
    }

    deinit { redisReaderFree(reader) }

    /// Reads bytes and hands out each reply that is complete with them.
    func feed(_ bytes: ByteBuffer, _ deliver: (RedisValue) throws(RedisError) -> Void) throws(RedisError) {
        var rest = bytes
        if held.readableBytes > 0 {
            held.writeImmutableBuffer(bytes)
            rest = held
            held = ByteBuffer()
        }
        while rest.readableBytes > 0 {
            if large != nil {
                if try fill(from: &rest) { try parse(Self.emptyString, deliver) }
                continue
            }
            switch rest.withUnsafeReadableBytes({ framing.next(in: $0) }) {
            case .pass(let count):
                guard let text = rest.readSlice(length: count) else { return }
                try parse(text, deliver)
            case .string(let header, let length):
                guard builder.hasRoom(for: length) else { throw tooLarge(limits) }
                rest.moveReaderIndex(forwardBy: header)
                large = LargeString(bytes: ByteBuffer.aligned(capacity: length), missing: length + 2)
            case .incomplete:
                held = ByteBuffer(buffer: rest)
                return
            }
        }
    }

    /// Takes what there is of a large string.
    /// - Returns: whether it is whole.
    private func fill(from rest: inout ByteBuffer) throws(RedisError) -> Bool {
        guard var string = large else { return false }
        // Given back with what was added: two references at the same time would copy it.
        large = nil
        let body = string.missing - 2
        if body > 0, let part = rest.readSlice(length: min(body, rest.readableBytes)) {
            string.bytes.writeImmutableBuffer(part)
            string.missing -= part.readableBytes
        }
        while string.missing <= 2, string.missing > 0, let end = rest.readInteger(as: UInt8.self) {
            guard end == (string.missing == 2 ? 0x0D : 0x0A) else {
                throw RedisError(.protocolViolation, "the reply is not RESP: a string is longer than it says")
            }
            string.missing -= 1
        }
        guard string.missing == 0 else {
            large = string
            return false
        }
        builder.expect(string.bytes)
        return true
    }

    private func parse(
        _ bytes: ByteBuffer, _ deliver: (RedisValue) throws(RedisError) -> Void
    ) throws(RedisError) {
        var rest = bytes
        while let part = rest.readSlice(length: min(rest.readableBytes, Self.part)), part.readableBytes > 0 {
            let status = part.withUnsafeReadableBytes { buffer in
                redisReaderFeed(reader, buffer.bindMemory(to: CChar.self).baseAddress, buffer.count)
            }
            guard status == REDIS_OK else { throw violation() }
            while let reply = try next() { try deliver(reply) }
        }
    }

    /// The next whole reply, or `nil` when more bytes are needed.
    private func next() throws(RedisError) -> RedisValue? {
        guard unparsed > 0 else { return nil }
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw violation() }
        if object != nil, let reply = builder.finish() { return reply }
        try checkUnfinished()
        return nil
    }

    private var unparsed: Int { reader.pointee.len - reader.pointee.pos }

    /// Bounds what hiredis gathers for an item that is not complete.
    private func checkUnfinished() throws(RedisError) {
        guard unparsed > Self.line, let start = reader.pointee.buf else { return }
        let item = UnsafeRawBufferPointer(start: start + reader.pointee.pos, count: unparsed)
        let line = item.prefix(Self.line)
        guard let end = line.indices.dropLast().first(where: { line[$0] == 0x0D && line[$0 + 1] == 0x0A }) else {
            throw RedisError(.protocolViolation, "the reply is not RESP: a line is longer than \(Self.line) bytes")
        }
        // Only a string goes on after a line, and the line is its length.
        if let length = Int(String(decoding: line[..<end], as: UTF8.self)), length > limits.bytes {
            throw tooLarge(limits)
        }
        guard unparsed <= limits.bytes + Self.line else { throw tooLarge(limits) }
    }

    private func violation() -> RedisError {
        if builder.isTooLarge { return tooLarge(limits) }
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, "the reply is not RESP: \(text)")
    }
}

private func tooLarge(_ limits: ReplyParser.Limits) -> RedisError {
    RedisError(
        .tooLarge, "a reply is larger than \(limits.bytes) bytes or has more than \(limits.values) values")
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
                let isTaken =
                    switch kind {
                    case REDIS_REPLY_STATUS: builder.add(.simple(String(decoding: raw, as: UTF8.self)), length)
                    case REDIS_REPLY_ERROR: builder.add(.error(String(decoding: raw, as: UTF8.self)), length)
                    default: builder.addBulk(raw)
                    }
                return isTaken ? someObject : nil
            },
            createArray: { task, count in
                guard let builder = builder(of: task), builder.open(Int(count)) else { return nil }
                return someObject
            },
            createInteger: { task, number in
                guard let builder = builder(of: task), builder.add(.integer(number)) else { return nil }
                return someObject
            },
            createNil: { task in
                guard let builder = builder(of: task), builder.add(.null) else { return nil }
                return someObject
            },
            freeObject: { _ in }))
    return functions
}()
