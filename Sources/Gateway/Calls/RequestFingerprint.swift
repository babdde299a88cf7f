import COpenSSL
import NIOCore

/// Tells two requests under one Idempotency-Key apart: SHA-256 over the body, and where its tensors begin.
enum RequestFingerprint {
    /// 64 hexadecimal digits, a colon and the length of the JSON header (-1: none).
    static func of(_ body: ByteBuffer, headerLength: Int?) -> String {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        body.withUnsafeReadableBytes { bytes in
            _ = SHA256(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &digest)
        }
        let digits = Array("0123456789abcdef".utf8)
        let hexadecimal = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "\(String(decoding: hexadecimal, as: UTF8.self)):\(headerLength ?? -1)"
    }
}
