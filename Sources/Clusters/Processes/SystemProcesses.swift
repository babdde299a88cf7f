import Glibc

/// What Linux says of the processes of this machine, whoever started them.
enum SystemProcesses {
    /// The numbers of all. Of one that ends meanwhile nothing more can be read.
    static var ids: [Int32] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var ids: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let id = Int32(name) { ids.append(id) }
        }
        return ids
    }

    /// A file about a process, at most 1 MiB; `nil` if it cannot be read.
    static func contents(of name: String, _ process: Int32) -> [UInt8]? {
        let file = open("/proc/\(process)/\(name)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1 << 20, case let count = read(file, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Whether the process ends that a descriptor stands for (`spate_pidfd_open`). Blocks a thread of its own.
    static func hasEnded(_ descriptor: Int32, within limit: Duration) async -> Bool {
        let milliseconds = Int32(
            clamping: limit.components.seconds * 1_000 + limit.components.attoseconds / 1_000_000_000_000_000)
        return await onThread {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&entry, 1, milliseconds) != 0
        }
    }
}

/// Runs a call that blocks on a thread of its own, away from the pool that all tasks share.
func onThread<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
        let box = Unmanaged.passRetained(ThreadBody { continuation.resume(returning: body()) })
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        guard failure == 0 else {
            // No thread to be had: the caller's own has to do.
            box.takeRetainedValue().body()
            return
        }
        pthread_detach(thread)
    }
}

private final class ThreadBody {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
