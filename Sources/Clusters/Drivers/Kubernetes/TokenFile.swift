import Glibc
import Synchronization

/// The bearer token of a service account. Kubernetes replaces it about every hour, so it is read again at least every
/// 30 seconds of use, and at once when the server refuses it.
final class TokenFile: Sendable {
    private struct State {
        var token: String?
        var read: ContinuousClock.Instant?
    }

    private static let lifetime: Duration = .seconds(30)
    private let path: String
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(path: String, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.path = path
        self.now = now
    }

    /// The token; the last one that could be read, when it cannot be read now. Reads a small file in memory.
    func token() -> String? {
        let now = now()
        return state.withLock { state in
            if let read = state.read, now - read < Self.lifetime { return state.token }
            state.token = Self.text(of: path) ?? state.token
            state.read = now
            return state.token
        }
    }

    /// The server refused `token`. - Returns: whether the file holds another one now.
    func refuse(_ token: String?) -> Bool {
        state.withLock { state in
            state.token = Self.text(of: path) ?? state.token
            state.read = now()
            return state.token != token
        }
    }

    /// A small file's text without the white space around it; `nil` if it cannot be read or is empty.
    static func text(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 64 << 10, case let count = read(file, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return text.first.map(String.init)
    }
}
