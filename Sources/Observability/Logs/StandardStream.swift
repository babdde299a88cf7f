import Glibc

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

    /// Writes all of `text`, in one `write` where the system takes it at once, so that lines of processes that share a
    /// terminal do not mix. Blocks while a pipe is full.
    ///
    /// - Throws: after a part of the text may have been written.
    package static func write(_ text: String, to descriptor: Int32) throws(Failure) {
        var text = text
        let failure = text.withUTF8 { bytes -> Int32 in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                let count = Glibc.write(descriptor, start, rest.count)
                guard count < 0 else {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                    continue
                }
                switch errno {
                case EINTR: continue
                // Somebody who shares the stream made it non-blocking.
                case EAGAIN:
                    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    if poll(&entry, 1, -1) < 0, errno != EINTR { return errno }
                case let number: return number
                }
            }
            return 0
        }
        guard failure == 0 else { throw Failure(errorNumber: failure) }
    }
}
