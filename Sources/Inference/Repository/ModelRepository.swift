import COpenSSL
import Foundation
package import Settings

/// The folder of models: `<name>/<version>/model.onnx`.
package struct ModelRepository: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package func modelFile(of model: ModelSettings) -> String {
        "\(path)/\(model.name)/\(model.version)/model.onnx"
    }

    /// SHA-256 over the names and contents of a version's files, in the order of their names; hexadecimal.
    ///
    /// Reads every file; a version without files has none.
    package func digest(of model: ModelSettings) throws(InferenceError) -> String? {
        let folder = "\(path)/\(model.name)/\(model.version)"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder).sorted(), !names.isEmpty else {
            return nil
        }
        guard let context = EVP_MD_CTX_new() else { throw InferenceError(.modelUnavailable, "no memory for a digest") }
        defer { EVP_MD_CTX_free(context) }
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
        for name in names {
            guard let file = FileManager.default.contents(atPath: folder + "/" + name) else {
                throw InferenceError(.modelUnavailable, "\(folder)/\(name) cannot be read")
            }
            _ = Array(name.utf8).withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            _ = file.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        }
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        EVP_DigestFinal_ex(context, &digest, &length)
        let digits = Array("0123456789abcdef".utf8)
        let hexadecimal = digest.prefix(Int(length)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: hexadecimal, as: UTF8.self)
    }
}
