import NIOCore
import Synchronization

/// Callers who wait for the connection to come up.
final class ConnectionWaiters: Sendable {
    typealias Verdict = Result<Void, RedisError>

    private struct Waiter {
        let verdict: @Sendable () -> Verdict?
        let continuation: CheckedContinuation<Verdict, Never>
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var last: UInt64 = 0
    }

    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Waits until there is a verdict; it is asked for now and at every `notify`.
    func wait(
        atMost limit: TimeAmount, _ verdict: @escaping @Sendable () -> Verdict?,
        orThrow reason: @escaping @Sendable () -> RedisError
    ) async throws(RedisError) {
        let result: Verdict = await withCheckedContinuation { continuation in
            let number = state.withLock { state in
                state.last += 1
                state.waiters[state.last] = Waiter(verdict: verdict, continuation: continuation)
                return state.last
            }
            eventLoop.scheduleTask(in: limit) { [weak self] in
                self?.take(number)?.continuation.resume(returning: .failure(reason()))
            }
            // Registered first: a change from here on is not missed.
            notify()
        }
        try result.get()
    }

    /// The state of the connection changed.
    func notify() {
        for (number, waiter) in state.withLock({ $0.waiters }) {
            guard let verdict = waiter.verdict(), take(number) != nil else { continue }
            waiter.continuation.resume(returning: verdict)
        }
    }

    private func take(_ number: UInt64) -> Waiter? { state.withLock { $0.waiters.removeValue(forKey: number) } }
}
