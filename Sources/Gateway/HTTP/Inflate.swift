import CZlib
import NIOCore

/// Decompression of request bodies by zlib: gzip and zlib streams, told apart by their first bytes.
enum Inflate {
    /// Returns the decompressed bytes; stops as soon as they exceed `limit`, so a small body that unpacks to a
    /// huge one costs no more than `limit` bytes.
    static func inflate(_ compressed: ByteBuffer, limit: Int) throws(RequestBodyError) -> ByteBuffer {
        var stream = z_stream()
        // 32 added to the window bits: detect gzip or zlib by the header.
        guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .notDecompressible("zlib could not be initialised")
        }
        defer { inflateEnd(&stream) }
        var output = ByteBuffer()
        let failure: RequestBodyError? = compressed.withUnsafeReadableBytes { source in
            guard let start = source.bindMemory(to: UInt8.self).baseAddress else { return nil }
            stream.next_in = UnsafeMutablePointer(mutating: start)
            stream.avail_in = UInt32(clamping: source.count)
            var status = Z_OK
            while status != Z_STREAM_END {
                let before = stream.total_out
                _ = output.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 * 1024) { target in
                    stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                    stream.avail_out = UInt32(clamping: target.count)
                    status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    return target.count - Int(stream.avail_out)
                }
                if output.readableBytes > limit { return .tooLarge(limit: limit) }
                guard status == Z_OK || status == Z_STREAM_END else {
                    return .notDecompressible(stream.msg.map { String(cString: $0) } ?? "the stream ends too early")
                }
                if status == Z_OK && stream.avail_in == 0 && stream.total_out == before {
                    return .notDecompressible("the stream ends too early")
                }
            }
            return nil
        }
        if let failure { throw failure }
        return output
    }
}
