package import NIOCore

/// Cuts a stream of bytes into HTTP/1.1 answers.
///
/// It reads only what a load generator needs and is several times cheaper than a general parser: no field
/// becomes a string unless it is acted on. Bytes come from outside: any of them may be wrong, none traps.
///
/// - Source: RFC 9112 sections 4 (status line), 6 (message body) and 7.1 (chunked coding).
package struct HTTPResponseParser: Sendable {
    package enum Step {
        case needsMore
        case response(HTTPResponse)
    }

    package static let maximumHead = 64 << 10
    package static let maximumBody = 256 << 20

    private var buffer = ByteBuffer()
    private var head: Head?
    private var chunks: ByteBuffer?
    /// Where the search for the end of the head goes on.
    private var searched = 0

    private struct Head {
        var response = HTTPResponse(status: 0)
        var length: Int?
        var isChunked = false
    }

    package init() {}

    /// Whether part of an answer has come.
    package var hasBegun: Bool { head != nil || buffer.readableBytes > 0 }

    package mutating func feed(_ bytes: inout ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next whole answer. After an error the connection is of no more use.
    package mutating func next() throws(ExchangeFailure) -> Step {
        while true {
            if head == nil {
                guard let parsed = try parseHead() else { return .needsMore }
                // Interim answers (100, 103) precede the real one.
                if (100..<200).contains(parsed.response.status) { continue }
                head = parsed
            }
            guard var head else { return .needsMore }
            let body: ByteBuffer?
            if head.response.status == 204 || head.response.status == 304 {
                body = ByteBuffer()
            } else if head.isChunked {
                body = try readChunks()
            } else if let length = head.length {
                body = buffer.readSlice(length: length)
            } else {
                // The body ends with the connection; such an answer cannot be told from a broken one.
                throw .malformed("neither Content-Length nor chunked coding")
            }
            guard let body else {
                if buffer.readableBytes == 0 { return .needsMore }
                buffer.reserveCapacity(minimumWritableBytes: min(head.length ?? 0, Self.maximumBody) / 8)
                return .needsMore
            }
            head.response.body = body
            self.head = nil
            if buffer.readableBytes == 0 { buffer = ByteBuffer() }
            return .response(head.response)
        }
    }

    private mutating func parseHead() throws(ExchangeFailure) -> Head? {
        let end: Int? = buffer.withUnsafeReadableBytes { bytes in
            var index = max(3, searched)
            while index < bytes.count {
                if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D {
                    return index + 1
                }
                index += 1
            }
            return nil
        }
        guard let end else {
            searched = max(0, buffer.readableBytes)
            guard buffer.readableBytes <= Self.maximumHead else { throw .malformed("head above 64 KiB") }
            return nil
        }
        searched = 0
        let parsed: Result<Head, ExchangeFailure> = buffer.withUnsafeReadableBytes { bytes in
            Self.parse(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        }
        buffer.moveReaderIndex(forwardBy: end)
        return try parsed.get()
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer) -> Result<Head, ExchangeFailure> {
        var head = Head()
        var lineStart = 0
        var isFirst = true
        while let lineEnd = bytes[lineStart...].firstIndex(of: 0x0D) {
            let line = UnsafeRawBufferPointer(rebasing: bytes[lineStart..<lineEnd])
            if line.isEmpty { break }
            if isFirst {
                guard line.count >= 12, line.starts(with: "HTTP/1.".utf8), let status = number(line[9..<12]) else {
                    return .failure(.malformed("no HTTP/1 status line"))
                }
                head.response.status = status
                head.response.keepsAlive = line[7] == UInt8(ascii: "1")
                isFirst = false
            } else if let failure = read(line, into: &head) {
                return .failure(failure)
            }
            lineStart = lineEnd + 2
            if lineStart >= bytes.count { break }
        }
        return isFirst ? .failure(.malformed("no status line")) : .success(head)
    }

    private static func read(_ line: UnsafeRawBufferPointer, into head: inout Head) -> ExchangeFailure? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return .malformed("a field without a colon") }
        let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
        var value = line[(colon + 1)...]
        while value.first == 0x20 || value.first == 0x09 { value = value.dropFirst() }
        while value.last == 0x20 || value.last == 0x09 { value = value.dropLast() }
        switch name.count {
        case 8 where matches(name, "location"): head.response.location = String(decoding: value, as: UTF8.self)
        case 10 where matches(name, "connection"):
            head.response.keepsAlive = !matches(UnsafeRawBufferPointer(rebasing: value), "close")
        case 11 where matches(name, "retry-after"):
            head.response.retryAfter = number(value).map { .seconds(min($0, 86_400)) }
        case 14 where matches(name, "content-length"):
            guard let length = number(value), length <= maximumBody else {
                return .malformed("Content-Length is no number or above \(maximumBody)")
            }
            head.length = length
        case 17 where matches(name, "transfer-encoding"):
            guard matches(UnsafeRawBufferPointer(rebasing: value), "chunked") else {
                return .malformed("a transfer coding other than chunked")
            }
            head.isChunked = true
        case 31 where matches(name, "inference-header-content-length"):
            head.response.inferenceHeaderLength = number(value)
        default: break
        }
        return nil
    }

    private mutating func readChunks() throws(ExchangeFailure) -> ByteBuffer? {
        var body = chunks ?? ByteBuffer()
        while true {
            let view = buffer.readableBytesView
            guard let lineEnd = view.firstIndex(of: 0x0A) else {
                guard view.count <= 1_024 else { throw .malformed("a chunk size without an end") }
                break
            }
            let digits = view[view.startIndex..<lineEnd].prefix { $0 != 0x0D && $0 != UInt8(ascii: ";") && $0 != 0x20 }
            guard (1...8).contains(digits.count), let size = Int(String(decoding: digits, as: UTF8.self), radix: 16),
                size >= 0, body.readableBytes + size <= Self.maximumBody
            else { throw .malformed("a chunk size that is no number or too large") }
            let line = lineEnd - view.startIndex + 1
            if size == 0 {
                // Trailer fields are not used: the coding ends with an empty line.
                guard let end = Self.endOfTrailers(view[(lineEnd + 1)...]) else {
                    guard view.count <= Self.maximumHead else { throw .malformed("trailers above 64 KiB") }
                    break
                }
                buffer.moveReaderIndex(forwardBy: end - view.startIndex)
                chunks = nil
                return body
            }
            guard view.count >= line + size + 2 else { break }
            buffer.moveReaderIndex(forwardBy: line)
            if var slice = buffer.readSlice(length: size) { body.writeBuffer(&slice) }
            buffer.moveReaderIndex(forwardBy: 2)
        }
        chunks = body
        return nil
    }

    /// The index after the empty line that ends the trailers.
    private static func endOfTrailers(_ view: ByteBufferView.SubSequence) -> Int? {
        var start = view.startIndex
        while let lineEnd = view[start...].firstIndex(of: 0x0A) {
            if view[start..<lineEnd].allSatisfy({ $0 == 0x0D }) { return lineEnd + 1 }
            start = lineEnd + 1
        }
        return nil
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
        return lowercase.withUTF8Buffer { expected in
            zip(bytes, expected).allSatisfy { byte, letter in
                (0x41...0x5A).contains(byte) ? byte + 0x20 == letter : byte == letter
            }
        }
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...12).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }
}
