import Glibc
import Time

/// Writing to a descriptor whose reader may be gone, whose disk may be full, or which was never open: an error and
/// never the end of the process.
///
/// `CProcess` opens `/dev/null` in the place of a standard stream that was closed at the start, and ignores SIGPIPE.
package enum StandardStream {
    /// Why a text did not get out whole.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var errorNumber: Int32

        /// A reader that went away on purpose, as `head` does.
        package var isReaderGone: Bool { errorNumber == EPIPE }

        package var description: String {
            strerror(errorNumber).map { String(cString: $0) } ?? "error \(errorNumber)"
        }
    }

    /// How long a full pipe is waited for.
    package enum Patience: Sendable {
        /// A result: who asked for it reads it.
        case unlimited
        /// Each part of the text.
        case limited(Duration)

        fileprivate var milliseconds: Int32 {
            switch self {
            case .unlimited: -1
            case .limited(let duration): Int32(clamping: duration.wholeMilliseconds)
            }
        }
    }

    /// What a pipe takes without blocking once it is writable (PIPE_BUF).
    private static let part = 4_096

    /// Writes all of `text`, in one `write` where the system takes it at once, so that lines of processes that share a
    /// terminal do not mix. Blocks while a pipe is full, as long as `patience` says.
    ///
    /// - Throws: after a part of the text may have been written; EAGAIN when nobody read it in time.
    package static func write(
        _ text: String, to descriptor: Int32, patience: Patience = .unlimited
    ) throws(Failure) {
        var text = text
        let failure = text.withUTF8 { bytes -> Int32 in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                var size = rest.count
                if case .limited = patience {
                    let number = wait(for: descriptor, patience)
                    if number != 0 { return number }
                    size = min(size, part)
                }
                let count = Glibc.write(descriptor, start, size)
                guard count < 0 else {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                    continue
                }
                switch errno {
                case EINTR: continue
                // Somebody who shares the stream made it non-blocking.
                case EAGAIN:
                    let number = wait(for: descriptor, patience)
                    if number != 0 { return number }
                case let number: return number
                }
            }
            return 0
        }
        guard failure == 0 else { throw Failure(errorNumber: failure) }
    }

    /// Waits until the descriptor can be written to, or has an error that the write will tell.
    /// - Returns: 0, or why not.
    private static func wait(for descriptor: Int32, _ patience: Patience) -> Int32 {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let ready = poll(&entry, 1, patience.milliseconds)
            if ready > 0 { return 0 }
            if ready == 0 { return EAGAIN }
            if errno != EINTR { return errno }
        }
    }
}
