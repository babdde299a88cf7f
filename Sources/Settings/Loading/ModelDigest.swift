import COpenSSL
import Glibc

/// Tells whether two folders hold the same version of a model.
package enum ModelDigest {
    /// The SHA-256 of the folder's files as 64 hexadecimal digits; `nil` if a file cannot be read or the
    /// folder is not there.
    ///
    /// Of each file, in the order of their names' bytes: the name below the folder, a zero byte, the size as eight
    /// bytes big-endian, the content. Files whose name starts with a dot do not count. Blocks for reading everything
    /// once; keeps 1 MiB in memory.
    package static func sha256(of folder: String) -> String? {
        guard SettingsPath.kind(of: folder) == .directory, let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return nil }
        for name in files(in: folder, below: "", depth: 0) {
            guard add(name, in: folder, to: context) else { return nil }
        }
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { return nil }
        return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// Links can make a folder contain itself; no model nests this deep.
    private static let maximumDepth = 8

    private static func files(in folder: String, below prefix: String, depth: Int) -> [String] {
        guard depth < maximumDepth else { return [] }
        let found = (SettingsPath.names(in: folder) ?? []).flatMap { name -> [String] in
            switch SettingsPath.kind(of: "\(folder)/\(name)") {
            case .file: [prefix + name]
            case .directory: files(in: "\(folder)/\(name)", below: "\(prefix)\(name)/", depth: depth + 1)
            case nil: []
            }
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func add(_ name: String, in folder: String, to context: OpaquePointer) -> Bool {
        let descriptor = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        let size = withUnsafeBytes(of: UInt64(status.st_size).bigEndian) { Array($0) }
        let header = Array(name.utf8) + [0] + size
        guard EVP_DigestUpdate(context, header, header.count) == 1 else { return false }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return false }
            if count == 0 { return true }
            guard EVP_DigestUpdate(context, chunk, count) == 1 else { return false }
        }
    }
}
