import Glibc

/// Reads small text files with a bound.
enum SettingsFile {
    /// Larger than any settings file that a person wrote, small enough to parse in a blink.
    static let limit = 1 << 20

    enum Failure: Error {
        case missing
        case unreadable(String)
        case tooLarge
        case notUTF8

        var message: String {
            switch self {
            case .missing: "no such file"
            case .unreadable(let reason): "cannot be read: \(reason)"
            case .tooLarge: "larger than \(Quantities.text(bytes: limit)); no settings file is"
            case .notUTF8: "not UTF-8 text"
            }
        }
    }

    /// The text of the file at `path`. Blocks for one small read.
    static func read(_ path: String) throws(Failure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .tooLarge }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private static func failure() -> Failure {
        errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(String(cString: strerror(errno)))
    }
}
