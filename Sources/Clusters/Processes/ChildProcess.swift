import CProcess
import Glibc
import Synchronization

/// A running child of this process; it ends with this process, however this process ends.
///
/// Made by `ChildProcesses.start`. Safe from any thread.
package final class ChildProcess: Sendable {
    private struct State {
        var status: ProcessExit?
        var waiters: [Int: @Sendable (ProcessExit?) -> Void] = [:]
        var nextWaiter = 0
        /// When SIGKILL follows a SIGTERM.
        var killDeadline: ContinuousClock.Instant?
    }

    /// The kernel's number for it; also that of its process group.
    package let processID: Int32
    /// Readable once the process has ended. Owned by the thread that watches it.
    let descriptor: Int32
    private let wake: @Sendable () -> Void
    private let state = Mutex(State())

    init(processID: Int32, descriptor: Int32, wake: @escaping @Sendable () -> Void) {
        self.processID = processID
        self.descriptor = descriptor
        self.wake = wake
    }

    /// How it ended; `nil` while it runs.
    package var status: ProcessExit? { state.withLock { $0.status } }

    /// Waits for its end: known within a millisecond or so, without polling.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled first; the process runs on.
    package func exit() async throws(CancellationError) -> ProcessExit {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let status: ProcessExit? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(waiter) { continuation.resume(returning: $0) }
                // Cancelled before the wait was noted: the handler found nothing.
                if Task.isCancelled { cancel(waiter) }
            }
        } onCancel: {
            cancel(waiter)
        }
        guard let status else { throw CancellationError() }
        return status
    }

    /// Sends SIGTERM, and SIGKILL to its whole group if it still runs after `grace`; returns how it ended.
    ///
    /// Cancelling the caller changes nothing: the grace bounds the wait. A second call can only shorten the grace.
    @discardableResult
    package func terminate(within grace: Duration) async -> ProcessExit {
        requestEnd(within: grace)
        return await withCheckedContinuation { continuation in
            let waiter = state.withLock { state in
                state.nextWaiter += 1
                return state.nextWaiter
            }
            add(waiter) { status in
                // Never given up, so there is a status.
                continuation.resume(returning: status ?? .signal(SIGKILL))
            }
        }
    }

    /// Sends SIGTERM now and SIGKILL to its whole group after `grace`, and does not wait.
    package func requestEnd(within grace: Duration) {
        let deadline = ContinuousClock.now + grace
        state.withLock { state in
            guard state.status == nil else { return }
            state.killDeadline = min(state.killDeadline ?? deadline, deadline)
            // It cannot have been reaped: that takes this lock. So the number is still its own.
            Glibc.kill(processID, SIGTERM)
        }
        wake()
    }

    /// Sends SIGKILL to it and to all that it started in its group.
    package func kill() {
        state.withLock { state in
            if state.status == nil { Glibc.kill(-processID, SIGKILL) }
        }
    }

    // MARK: For the thread that watches it

    /// Kills it if its grace is over.
    /// - Returns: when to look again; `nil` if there is nothing to look for.
    func enforceGrace(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        state.withLock { state in
            guard state.status == nil, let deadline = state.killDeadline else { return nil }
            guard deadline <= now else { return deadline }
            state.killDeadline = nil
            Glibc.kill(-processID, SIGKILL)
            return nil
        }
    }

    /// Takes note of its end. What it left running in its group ends too, before its number can be used again.
    /// - Returns: `nil` while it runs.
    func reap() -> ProcessExit? {
        let (status, waiters) = state.withLock { state -> (ProcessExit?, [@Sendable (ProcessExit?) -> Void]) in
            guard state.status == nil else { return (nil, []) }
            Glibc.kill(-processID, SIGKILL)
            var code: Int32 = 0
            switch spate_reap(processID, &code) {
            case 0: return (nil, [])
            case 1: state.status = ProcessExit(shell: code)
            // Somebody else reaped it; how it ended is lost.
            default: state.status = .signal(SIGKILL)
            }
            defer { state.waiters = [:] }
            return (state.status, Array(state.waiters.values))
        }
        for waiter in waiters { waiter(status) }
        return status
    }

    // MARK: Waiters

    private func add(_ waiter: Int, _ body: @escaping @Sendable (ProcessExit?) -> Void) {
        let status = state.withLock { state in
            if state.status == nil { state.waiters[waiter] = body }
            return state.status
        }
        if let status { body(status) }
    }

    private func cancel(_ waiter: Int) {
        let body = state.withLock { $0.waiters.removeValue(forKey: waiter) }
        body?(nil)
    }
}
