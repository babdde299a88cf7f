import Synchronization
import Time

/// Cluster time that moves when the test says so.
final class TestTime: TimeSource {
    private let moment = Mutex(Timestamp(microseconds: 1_000_000_000))
    func now() -> Timestamp { moment.withLock { $0 } }
    func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
}

/// A clock on which nothing is waited for but what the test lets pass.
final class TestClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private struct Sleeper {
        var id: Int
        var until: Instant
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var next = 0
        var sleepers: [Sleeper] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    let minimumResolution = Duration.nanoseconds(1)
    var now: Instant { state.withLock { $0.now } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let watchers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    state.sleepers.append(Sleeper(id: id, until: deadline, continuation: continuation))
                    defer { state.watchers = [] }
                    return state.watchers
                }
                for watcher in watchers { watcher.resume() }
                if Task.isCancelled { end(id) }
            }
        } onCancel: {
            end(id)
        }
        guard isOver else { throw CancellationError() }
    }

    private func end(_ id: Int) {
        let sleeper = state.withLock { state -> Sleeper? in
            guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
            return state.sleepers.remove(at: index)
        }
        sleeper?.continuation.resume(returning: false)
    }

    /// Waits until that many sleep.
    func waitForSleepers(_ count: Int) async {
        while state.withLock({ $0.sleepers.count < count }) {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.sleepers.count >= count { return true }
                    state.watchers.append(continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }

    /// Waits until somebody sleeps for at least `duration`, and lets the time pass until they wake.
    func passSleep(ofAtLeast duration: Duration) async {
        while true {
            let sleeper = state.withLock { state -> Sleeper? in
                let wanted = state.now.advanced(by: duration)
                guard let index = state.sleepers.firstIndex(where: { $0.until >= wanted }) else { return nil }
                let sleeper = state.sleepers.remove(at: index)
                state.now = sleeper.until
                return sleeper
            }
            if let sleeper {
                sleeper.continuation.resume(returning: true)
                return
            }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    let wanted = state.now.advanced(by: duration)
                    if state.sleepers.contains(where: { $0.until >= wanted }) { return true }
                    state.watchers.append(continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }
}
