import COpenSSL
import Jobs
import NIOCore
import Tensors

/// Tells two requests under one Idempotency-Key apart: SHA-256 over what decides the answer.
///
/// That is each input's name, type, shape and bytes, and the names of the outputs that are asked for. JSON, white space and
/// binary form, the request's id, how the answer is written, and what says how long to wait or how urgent it is are no part of
/// it: a caller may come back with a longer time-out, and by another client.
enum RequestFingerprint {
    /// 64 hexadecimal digits.
    static func of(inputs: [Tensor], outputs: [String]) -> String {
        var head = ByteBuffer()
        head.writeText("spate 2")
        for tensor in inputs {
            head.writeText(tensor.name)
            head.writeInteger(tensor.elementType.rawValue)
            head.writeInteger(Int64(tensor.shape.dimensions.count), endianness: .little)
            for dimension in tensor.shape.dimensions { head.writeInteger(Int64(dimension), endianness: .little) }
            head.writeInteger(Int64(tensor.bytes.readableBytes), endianness: .little)
        }
        for name in outputs { head.writeText(name) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
        for buffer in [head] + inputs.map(\.bytes) {
            buffer.withUnsafeReadableBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        }
        EVP_DigestFinal_ex(context, &digest, nil)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension ByteBuffer {
    fileprivate mutating func writeText(_ text: String) {
        writeInteger(Int64(text.utf8.count), endianness: .little)
        writeString(text)
    }
}
