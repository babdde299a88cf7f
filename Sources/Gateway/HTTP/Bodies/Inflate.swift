import CZlib
import NIOCore

/// Decompression of request bodies by zlib: gzip and zlib streams, told apart by their first bytes.
///
/// Costs the processor up to `limit` bytes of output: never call it on the threads that all share, see `CodingThreads`.
enum Inflate {
    private static let piece = 64 * 1024

    /// Returns the decompressed bytes; stops as soon as they exceed `limit`, so a small body that unpacks to a
    /// huge one costs no more than `limit` bytes.
    ///
    /// - Throws: `tooLarge`; `notDecompressible` for a stream that is broken, ends too early or has something behind it. Several
    ///   gzip members are one text (RFC 1952 2.2).
    static func inflate(_ compressed: ByteBuffer, limit: Int) throws(RequestBodyError) -> ByteBuffer {
        var stream = z_stream()
        // 32 added to the window bits: detect gzip or zlib by the header.
        guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .notDecompressible("zlib could not be initialised")
        }
        defer { inflateEnd(&stream) }
        var output = ByteBuffer()
        let failure: RequestBodyError? = compressed.withUnsafeReadableBytes { source in
            guard let start = source.bindMemory(to: UInt8.self).baseAddress, !source.isEmpty else {
                return .notDecompressible("the body is empty")
            }
            stream.next_in = UnsafeMutablePointer(mutating: start)
            stream.avail_in = UInt32(clamping: source.count)
            while true {
                if let failure = inflateMember(&stream, into: &output, limit: limit) { return failure }
                if stream.avail_in == 0 { return nil }
                let rest = source.suffix(Int(stream.avail_in))
                guard source.starts(with: gzipMagic), rest.starts(with: gzipMagic) else {
                    return .notDecompressible("\(rest.count) bytes follow the compressed stream")
                }
                inflateReset(&stream)
            }
        }
        if let failure { throw failure }
        return output
    }

    private static let gzipMagic: [UInt8] = [0x1F, 0x8B]

    private static func inflateMember(
        _ stream: inout z_stream, into output: inout ByteBuffer, limit: Int
    ) -> RequestBodyError? {
        var status = Z_OK
        while status != Z_STREAM_END {
            var written = 0
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: piece) { target in
                stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(clamping: target.count)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                written = target.count - Int(stream.avail_out)
                return written
            }
            if output.readableBytes > limit { return .tooLarge(limit: limit) }
            guard status == Z_OK || status == Z_STREAM_END else {
                return .notDecompressible(stream.msg.map { String(cString: $0) } ?? "the stream ends too early")
            }
            if status == Z_OK && stream.avail_in == 0 && written == 0 {
                return .notDecompressible("the stream ends too early")
            }
        }
        return nil
    }
}
