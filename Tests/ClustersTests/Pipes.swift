import CProcess
import Glibc
import Synchronization
import Testing

/// A named pipe, by which processes under test tell the test something without a file to poll.
///
/// Opened at the first read and then kept open: what one process writes while another test's child has just been forked,
/// with a copy of the descriptor, would else go to nobody.
final class FIFO: Sendable {
    let path: String
    private let descriptor = Mutex<Int32?>(nil)

    init(path: String) { self.path = path }

    deinit {
        if let descriptor = descriptor.withLock({ $0 }) { close(descriptor) }
    }

    /// The next line that somebody writes. Waits for it.
    func readLine() async -> String {
        let descriptor = opened()
        guard descriptor >= 0 else { return "" }
        return await blocking {
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
            return String(decoding: line, as: UTF8.self)
        }
    }

    private func opened() -> Int32 {
        descriptor.withLock { descriptor in
            // Both ways: it waits for no writer, and ends with none.
            let opened = descriptor ?? open(path, O_RDWR | O_CLOEXEC)
            descriptor = opened
            return opened
        }
    }
}

/// Calls `body` with a named pipe in a directory of its own.
func withFIFO(_ body: (FIFO) async throws -> Void) async throws {
    try await withDirectory { directory in
        let fifo = FIFO(path: directory + "/fifo")
        try #require(mkfifo(fifo.path, 0o600) == 0)
        try await body(fifo)
    }
}

/// Calls `body` with a directory of its own, whose files are removed after it.
func withDirectory(_ body: (String) async throws -> Void) async throws {
    let template = Array("/tmp/spate-clusters-XXXXXX".utf8CString)
    let directory = try #require(
        template.withUnsafeBufferPointer { buffer -> String? in
            var copy = Array(buffer)
            return mkdtemp(&copy).map { String(cString: $0) }
        })
    defer {
        for name in ["fifo", "log"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
    try await body(directory)
}

/// The text of a file; `nil` if it cannot be read.
func contents(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
    return String(decoding: text, as: UTF8.self)
}

/// Whether the process, a child or not, ends in time.
func hasEnded(_ process: Int32, within limit: Duration) async -> Bool {
    let descriptor = spate_pidfd_open(process)
    // No such process: it has ended already.
    guard descriptor >= 0 else { return true }
    return await blocking {
        defer { close(descriptor) }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(limit.components.seconds * 1_000)) == 1
    }
}

/// Runs a call that blocks on a thread of its own.
func blocking<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
        let box = Unmanaged.passRetained(ThreadBody { continuation.resume(returning: body()) })
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }
}

private final class ThreadBody {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// Makes an empty file.
func makeFile(_ path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
}

/// Removes the file that marks a first boot.
func unlinkBooted(_ folder: String) -> Bool { unlink(folder + "/booted") == 0 }
