import CProcess
import Glibc
import Synchronization
import Time

/// Starts child processes and sees them end, on one thread of its own.
///
/// The kernel ends a child when the *thread* that started it ends, so all children are started by a thread that
/// lives as long as any of them; the same thread waits in `poll` for the ends of all. Make one per process and keep
/// it. When it is let go, the thread stays until the last child has ended.
package final class ChildProcesses: Sendable {
    private let watch: ChildWatch

    /// - Parameter orphans: what becomes of processes that others started and that the kernel gave to this one.
    /// - Throws: `outOfResources`.
    package init(orphans: ForeignOrphans = .left) throws(ChildProcessError) {
        watch = try ChildWatch(orphans)
        try watch.startThread()
    }

    deinit { watch.close() }

    /// Starts `program`; returns once it runs.
    ///
    /// - Parameter onExit: called once, on the watching thread, at once when the process ends; must not block.
    /// - Throws: `cannotStart` with the system's reason, for example if there is no such file.
    package func start(
        _ program: ChildProgram, onExit: @escaping @Sendable (ProcessExit) -> Void = { _ in }
    ) async throws(ChildProcessError) -> ChildProcess {
        let result = await withCheckedContinuation { continuation in
            watch.order(ChildWatch.Order(program: program, onExit: onExit) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }
}

/// The state that the thread and its owner share.
final class ChildWatch: Sendable {
    struct Order: Sendable {
        var program: ChildProgram
        var onExit: @Sendable (ProcessExit) -> Void
        var reply: @Sendable (Result<ChildProcess, ChildProcessError>) -> Void
    }

    private struct State {
        var orders: [Order] = []
        var isClosed = false
    }

    private struct Watched {
        var child: ChildProcess
        var onExit: @Sendable (ProcessExit) -> Void
    }

    /// A byte in the pipe ends the thread's wait.
    private let pipe: (read: Int32, write: Int32)
    private let state = Mutex(State())
    private let orphans: ForeignOrphans

    init(_ orphans: ForeignOrphans) throws(ChildProcessError) {
        self.orphans = orphans
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else {
            throw ChildProcessError(.outOfResources, "cannot make a pipe to watch processes: \(describe(errno))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        pipe = (ends[0], ends[1])
    }

    deinit {
        Glibc.close(pipe.read)
        Glibc.close(pipe.write)
    }

    func startThread() throws(ChildProcessError) {
        if orphans == .reaped { spate_watch_children(pipe.write) }
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                spate_name_thread("children")
                Unmanaged<ChildWatch>.fromOpaque(context).takeRetainedValue().serve()
                return nil
            }, context.toOpaque())
        guard failure == 0 else {
            context.release()
            throw ChildProcessError(.outOfResources, "cannot start a thread to watch processes: \(describe(failure))")
        }
        pthread_detach(thread)
    }

    /// Takes an order for the thread. Bounded by its callers, each of which waits for the reply.
    func order(_ order: Order) {
        state.withLock { $0.orders.append(order) }
        wake()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 1
        // A full pipe means that a wake-up is on its way already.
        _ = write(pipe.write, &byte, 1)
    }

    // MARK: The thread

    private func serve() {
        var watched: [Watched] = []
        while true {
            let (orders, isClosed) = state.withLock { state in
                defer { state.orders = [] }
                return (state.orders, state.isClosed)
            }
            for order in orders {
                if let child = start(order) { watched.append(Watched(child: child, onExit: order.onExit)) }
            }
            if isClosed, watched.isEmpty { return }
            reapOrphans(beside: watched)
            for index in wait(for: watched).reversed() {
                let entry = watched[index]
                guard let status = entry.child.reap() else { continue }
                watched.remove(at: index)
                Glibc.close(entry.child.descriptor)
                entry.onExit(status)
            }
        }
    }

    /// Takes note of the ends of processes that are not ours. One of ours at the head of the line is left: its descriptor
    /// wakes the next wait, which reaps it, and then those behind it have their turn.
    private func reapOrphans(beside watched: [Watched]) {
        guard orphans == .reaped else { return }
        while case let process = spate_ended_child(), process > 0 {
            if watched.contains(where: { $0.child.processID == process }) { return }
            var status: Int32 = 0
            guard spate_reap(process, &status) == 1 else { return }
        }
    }

    private func start(_ order: Order) -> ChildProcess? {
        let result = spawn(order.program)
        order.reply(result)
        switch result {
        case .success(let child): return child
        case .failure: return nil
        }
    }

    private func spawn(_ program: ChildProgram) -> Result<ChildProcess, ChildProcessError> {
        let processID = program.withCStructure { structure in
            var structure = structure
            return spate_spawn(&structure)
        }
        guard processID > 0 else {
            return .failure(ChildProcessError(.cannotStart, "cannot start \(program.path): \(describe(errno))"))
        }
        let descriptor = spate_pidfd_open(processID)
        guard descriptor >= 0 else {
            let reason = describe(errno)
            kill(-processID, SIGKILL)
            waitpid(processID, nil, 0)
            return .failure(ChildProcessError(.outOfResources, "cannot watch \(program.path): \(reason)"))
        }
        return .success(
            ChildProcess(processID: processID, descriptor: descriptor, wake: { [weak self] in self?.wake() }))
    }

    /// Waits until a process has ended, a grace is over, or somebody woke the thread.
    /// - Returns: the places in `watched` of those that have ended, ascending.
    private func wait(for watched: [Watched]) -> [Int] {
        let now = ContinuousClock.now
        let deadline = watched.compactMap { $0.child.enforceGrace(now: now) }.min()
        // Rounded up, so that the grace is over when the wait is.
        let timeout = deadline.map { Int32(clamping: ($0 - now).wholeMilliseconds + 1) }
        var descriptors = [pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)]
        descriptors += watched.map { pollfd(fd: $0.child.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&descriptors, nfds_t(descriptors.count), timeout ?? -1) > 0 else { return [] }
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        while read(pipe.read, &bytes, bytes.count) == bytes.count {}
        return watched.indices.filter { descriptors[$0 + 1].revents != 0 }
    }
}

extension ChildProgram {
    /// Calls `body` with the structure that `spate_spawn` reads.
    fileprivate func withCStructure<R>(_ body: (spate_child) -> R) -> R {
        let variables = environment.map { $0.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
        return CStrings([name ?? path] + arguments).withPointers { arguments in
            CStrings(variables ?? []).withPointers { environment in
                CStrings([path, logPath ?? "", directory ?? ""]).withPointers { places in
                    limits.processors.map { Int32(clamping: $0) }.withUnsafeBufferPointer { processors in
                        body(
                            spate_child(
                                path: places[0], arguments: arguments,
                                environment: variables == nil ? nil : environment,
                                log_path: logPath == nil ? nil : UnsafePointer(places[1]),
                                directory: directory == nil ? nil : UnsafePointer(places[2]),
                                memory_limit: limits.memoryBytes ?? 0, nice: Int32(clamping: limits.nice),
                                processors: processors.baseAddress, processor_count: Int32(clamping: processors.count),
                                parent_death_signal: parentDeath.signal, shared: board?.descriptor ?? 0))
                    }
                }
            }
        }
    }
}

/// Strings as C passes them to a program: an array of pointers that ends with a null.
private struct CStrings {
    private let texts: [String]

    init(_ texts: [String]) { self.texts = texts }

    func withPointers<R>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an array of one pointer has no address") }
            return body(base)
        }
    }
}

/// What the system says of an error number.
func describe(_ number: Int32) -> String { strerror(number).map { String(cString: $0) } ?? "error \(number)" }
