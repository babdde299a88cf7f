import Glibc

/// Reads small text files with a bound.
package enum SettingsFile {
    /// Larger than any settings file that a person wrote, small enough to parse in a blink.
    package static let limit = 1 << 20
    /// How long a pipe may say nothing, in ms.
    private static let patience: Int32 = 10_000

    package enum Failure: Error {
        case missing
        case unreadable(String)
        case tooLarge(limit: Int)
        case notUTF8

        package var message: String {
            switch self {
            case .missing: "no such file"
            case .unreadable(let reason): "cannot be read: \(reason)"
            case .tooLarge(let limit): "larger than \(Quantities.text(bytes: limit)); no settings file is"
            case .notUTF8: "not UTF-8 text"
            }
        }
    }

    /// The text of the file at `path`, or of a pipe, without a byte order mark. Blocks for one small read.
    package static func read(_ path: String, limit: Int = limit) throws(Failure) -> String {
        // A named pipe that nobody writes to would be waited for in `open`.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = poll(&waiting, 1, patience)
                if ready < 0, errno == EINTR { continue }
                guard ready != 0 else {
                    throw .unreadable("nothing came through the pipe within \(patience / 1_000) s")
                }
                guard ready > 0 else { throw failure() }
                continue
            }
            guard count >= 0 else { throw failure() }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private static func failure() -> Failure {
        errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(String(cString: strerror(errno)))
    }
}
