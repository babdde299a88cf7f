import Jobs
import Synchronization

/// Those who wait for a job that was submitted before: each wait ends with its client, and all end with the gateway.
final class Followers: Sendable {
    private struct State {
        var tasks: [UInt64: @Sendable () -> Void] = [:]
        var last: UInt64 = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Does `wait`, which returns what it knows as soon as its task is cancelled.
    func follow(
        _ watch: ConnectionWatch, _ wait: @escaping @Sendable () async throws(QueueError) -> JobState
    ) async throws(QueueError) -> JobState {
        let task = Task { () async -> Result<JobState, QueueError> in
            do throws(QueueError) {
                return .success(try await wait())
            } catch {
                return .failure(error)
            }
        }
        let number = state.withLock { state in
            state.last += 1
            if !state.isStopped { state.tasks[state.last] = { task.cancel() } }
            return state.isStopped ? nil : state.last
        }
        guard let number else {
            task.cancel()
            return try await task.value.get()
        }
        watch.notify { task.cancel() }
        defer {
            watch.release()
            state.withLock { _ = $0.tasks.removeValue(forKey: number) }
        }
        return try await task.value.get()
    }

    /// Ends all waits, those that are still to come too.
    func stop() {
        let tasks = state.withLock { state in
            state.isStopped = true
            return state.tasks.values.map { $0 }
        }
        for cancel in tasks { cancel() }
    }
}
