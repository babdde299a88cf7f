import Synchronization

/// Wakes the scaler's loop; raised while nobody waits, it ends the next wait at once. One task waits at a time.
final class WakeSignal: Sendable {
    private enum State {
        case quiet
        case raised
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    /// From any thread.
    func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .raised }
            guard case .waiting(let waiter) = state else { return nil }
            return waiter
        }
        waiter?.resume()
    }

    /// Waits until raised, at most `limit`; returns early when the task is cancelled.
    func wait(atMost limit: Duration, clock: any Clock<Duration>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            // Cancelled when the signal came first.
            group.addTask { try? await clock.sleep(for: limit, tolerance: nil) }
            await group.next()
            group.cancelAll()
        }
        state.withLock { $0 = .quiet }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if case .raised = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isOver {
                    continuation.resume()
                } else if Task.isCancelled {
                    raise()
                }
            }
        } onCancel: {
            raise()
        }
    }
}
