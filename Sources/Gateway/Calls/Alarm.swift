import Synchronization

/// Ends the sleep of one task: what is raised while nobody sleeps ends the next sleep at once.
final class Alarm: Sendable {
    private struct State {
        var isRaised = false
        var sleeper: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    init() {}

    func raise() {
        let sleeper = state.withLock { state in
            state.isRaised = state.sleeper == nil
            return state.sleeper.take()
        }
        sleeper?.resume()
    }

    /// Returns when the alarm is raised or the task is cancelled, and after `time` at the latest.
    func sleep(for time: Duration?, on clock: WaitClock) async {
        guard let time else { return await wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                // The only error is cancellation: the alarm was raised first, or all is over.
                try? await clock.sleep(time)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isRaised, !Task.isCancelled else {
                        state.isRaised = false
                        return true
                    }
                    state.sleeper = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
    }
}
