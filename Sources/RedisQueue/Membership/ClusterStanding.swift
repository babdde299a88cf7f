import Jobs
import Synchronization
import Time

/// Whether this process still has its place in the cluster.
///
/// After an outage that was longer than the life of a place another cluster of the same name may have entered, with other models. Whoever
/// has to renew his place first neither submits nor takes jobs: they would be the other's. What is held already is settled.
final class ClusterStanding: Sendable {
    private enum State {
        /// It never entered, as a tool does that only looks.
        case apart
        /// - Parameter failure: why it could not be renewed last, where that was no outage.
        case held(until: Timestamp, failure: QueueError? = nil)
        case refused(QueueError)
    }

    private let timing: QueueTiming
    private let state = Mutex(State.apart)

    init(_ timing: QueueTiming) { self.timing = timing }

    /// The place holds for `life` from when it was asked for.
    func entered(at start: Timestamp, for life: Duration) {
        state.withLock { $0 = .held(until: start + life) }
    }

    /// - Returns: whether it is the first such failure since the place was renewed.
    func failed(_ error: QueueError) -> Bool {
        state.withLock { state in
            guard case .held(let until, let failure) = state else { return false }
            state = .held(until: until, failure: error)
            return failure == nil
        }
    }

    func refused(_ error: QueueError) { state.withLock { $0 = .refused(error) } }

    /// - Throws: why nothing may be submitted or taken.
    func check() throws(QueueError) {
        switch state.withLock({ $0 }) {
        case .apart: return
        case .held(let until, let failure):
            if timing.now() < until { return }
            throw failure
                ?? QueueError(
                    .unavailable, "the place in the cluster has to be renewed first, after an outage of Redis")
        case .refused(let error): throw error
        }
    }
}
