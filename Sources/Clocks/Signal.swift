import Synchronization

/// An event that wakes one waiting task: `raise` is remembered until the next `wait`, and raising twice is
/// raising once. Whoever wakes looks at the state again; the signal carries nothing.
///
/// Raising is cheap (a lock, and a resume only if somebody waits) and allowed from any thread, inference
/// threads included.
package final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    package func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isRaised = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns when the signal is raised, was raised since the last wait, or the task is cancelled. One task
    /// may wait at a time; a second one releases the first.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let released = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    if state.isRaised || Task.isCancelled {
                        state.isRaised = false
                        return continuation
                    }
                    let earlier = state.waiter
                    state.waiter = continuation
                    return earlier
                }
                released?.resume()
                // A cancellation between the two looks found no waiter to release.
                if Task.isCancelled { release() }
            }
        } onCancel: {
            release()
        }
    }

    /// As `wait()`, but no longer than `limit`.
    package func wait(atMost limit: Duration, clock: any Clock<Duration>) async {
        await wait { try await clock.sleep(for: limit) }
    }

    /// As `wait()`, but no longer than `limit`; `nil`: as long as it takes.
    package func wait(atMost limit: Duration?, on clock: WaitClock) async {
        guard let limit else { return await wait() }
        await wait { try await clock.sleep(limit) }
    }

    /// As `wait()`, but no longer than `sleep` takes.
    private func wait(orUntil sleep: @escaping @Sendable () async throws -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                // The only error is cancellation, which means that the signal came first.
                try? await sleep()
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func release() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
