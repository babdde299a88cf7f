import Synchronization

/// Whoever waits for an answer, as far as calls know him: he may go away. Whoever serves him, in whatever protocol, says when.
///
/// One caller waits for one call at a time.
final class Caller: Sendable {
    private struct State {
        var isGone = false
        var call: CallHandle?
    }
    private let state = Mutex(State())

    init() {}

    var isGone: Bool { state.withLock { $0.isGone } }

    /// The caller waits for this call from now on: it is told once when he goes away, at once if he is gone already. A call that
    /// is over need not be taken back: to tell it costs nothing.
    func wait(for call: CallHandle) {
        let isGone = state.withLock { state in
            if !state.isGone { state.call = call }
            return state.isGone
        }
        if isGone { call.disconnect() }
    }

    /// He went away.
    func leave() {
        let call = state.withLock { state in
            state.isGone = true
            return state.call.take()
        }
        call?.disconnect()
    }
}
