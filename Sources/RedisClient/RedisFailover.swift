package import NIOCore
import Synchronization

/// Tells all connections of a process that the server they are on has become a replica.
///
/// Behind a name that does not change, a connection stays on the old primary until it writes and is refused. What only
/// reads or listens would stay for ever. So the first that is refused tells the others, and each connects anew once it owes no
/// reply.
package final class RedisFailover: Sendable {
    private struct State {
        var observers: [UInt64: @Sendable () -> Void] = [:]
        var last: UInt64 = 0
        var told: NIODeadline?
    }

    /// While the name still leads to the replica every new connection finds out again.
    private static let pause = TimeAmount.seconds(2)

    private let state = Mutex(State())

    package init() {}

    /// - Returns: a number for `forget`.
    func observe(_ body: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.observers[state.last] = body
            return state.last
        }
    }

    func forget(_ number: UInt64) { state.withLock { _ = $0.observers.removeValue(forKey: number) } }

    /// A write was refused as a replica does.
    package func announce(at now: NIODeadline) {
        let observers: [@Sendable () -> Void] = state.withLock { state in
            if let told = state.told, now - told < Self.pause { return [] }
            state.told = now
            return Array(state.observers.values)
        }
        for observer in observers { observer() }
    }
}
