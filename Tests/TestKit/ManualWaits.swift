import Synchronization
import Time

/// A clock whose waits end when a test says so, and which then moves the time by as much as was asked for.
package final class ManualWaits: Clock {
    package struct Instant: InstantProtocol {
        var offset: Duration
        package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - offset }
        package static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private struct Wait {
        var id: Int
        var duration: Duration
        var end: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var nextID = 0
        var waits: [Wait] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    package let minimumResolution = Duration.nanoseconds(1)
    private let time: ManualClock
    private let state = Mutex(State())

    /// - Parameter time: moved by each wait that ends.
    package init(moving time: ManualClock) { self.time = time }

    package var now: Instant { Instant(offset: time.now() - .zero) }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let duration = max(.zero, now.duration(to: deadline))
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let watchers = state.withLock { state in
                    state.waits.append(Wait(id: id, duration: duration, end: continuation))
                    defer { state.watchers = [] }
                    return state.watchers
                }
                for watcher in watchers { watcher.resume() }
                // Cancelled before the wait was noted: the handler found nothing.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        guard isOver else { throw CancellationError() }
    }

    private func cancel(_ id: Int) {
        let wait = state.withLock { state -> Wait? in
            guard let index = state.waits.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waits.remove(at: index)
        }
        wait?.end.resume(returning: false)
    }

    /// Returns how long the first one waits that is there; waits until one is.
    package func next() async -> Duration {
        while true {
            if let first = state.withLock({ $0.waits.first?.duration }) { return first }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.waits.isEmpty { state.watchers.append(continuation) }
                    return !state.waits.isEmpty
                }
                if isThere { continuation.resume() }
            }
        }
    }

    /// Moves the time and ends what was to be waited for no longer than that.
    package func pass(_ duration: Duration) {
        time.advance(by: duration)
        let over = state.withLock { state in
            defer { state.waits.removeAll { $0.duration <= duration } }
            return state.waits.filter { $0.duration <= duration }
        }
        for wait in over { wait.end.resume(returning: true) }
    }
}
