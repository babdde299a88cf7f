import Synchronization

/// Bounds the bytes of all answers that their clients have not read yet. Beyond it the connection that has taken nothing for
/// the longest is ended; when all of them are reading, an answer waits for nobody and is refused.
final class AnswerBudget: Sendable {
    /// Smaller answers are not counted.
    static let smallest = 16 * 1024
    /// A client that took nothing for so long is not reading.
    static let stall: Duration = .seconds(1)

    private struct Holder {
        var bytes = 0
        /// Answers that are still being compressed: nothing of them can have been read.
        var preparing = 0
        var progress: ContinuousClock.Instant
        var end: @Sendable () -> Void
    }
    private struct State {
        var held = 0
        var last: UInt64 = 0
        var holders: [UInt64: Holder] = [:]
    }

    let limit: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(limit: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.limit = limit
        self.now = now
    }

    var held: Int { state.withLock { $0.held } }

    /// For one connection.
    func makeShare() -> Share {
        Share(
            self,
            number: state.withLock { state in
                state.last += 1
                return state.last
            })
    }

    /// What one connection holds.
    final class Share: Sendable {
        private let budget: AnswerBudget
        private let number: UInt64

        fileprivate init(_ budget: AnswerBudget, number: UInt64) {
            self.budget = budget
            self.number = number
        }

        /// - Parameter end: ends the connection at once.
        func opened(_ end: @escaping @Sendable () -> Void) {
            let now = budget.now()
            budget.state.withLock { $0.holders[number] = Holder(progress: now, end: end) }
        }

        func closed() {
            budget.state.withLock { state in
                guard let holder = state.holders.removeValue(forKey: number) else { return }
                state.held -= holder.bytes
            }
        }

        /// Asks for room for an answer of `count` bytes, whose last size is not known yet; `prepared` follows, and `sent` when
        /// it has left.
        /// - Returns: whether it may be written.
        func admit(_ count: Int) -> Bool {
            guard count >= AnswerBudget.smallest else { return true }
            let (isAdmitted, ended) = budget.admit(count, by: number)
            for end in ended { end() }
            return isAdmitted
        }

        /// An answer that was admitted is to be written, with another size.
        func prepared(from before: Int, to after: Int) {
            guard before >= AnswerBudget.smallest else { return }
            let now = budget.now()
            budget.state.withLock { state in
                guard var holder = state.holders[number] else { return }
                holder.preparing -= 1
                holder.progress = now
                let freed = min(before - (after >= AnswerBudget.smallest ? after : 0), holder.bytes)
                holder.bytes -= freed
                state.holders[number] = holder
                state.held -= freed
            }
        }

        /// The socket took the whole of an answer that was admitted.
        func sent(_ count: Int) {
            budget.state.withLock { state in
                guard var holder = state.holders[number] else { return }
                let freed = min(count, holder.bytes)
                holder.bytes -= freed
                state.holders[number] = holder
                state.held -= freed
            }
        }

        /// The socket took a part.
        func progressed() {
            let now = budget.now()
            budget.state.withLock { $0.holders[number]?.progress = now }
        }
    }

    private func admit(_ count: Int, by number: UInt64) -> (Bool, [@Sendable () -> Void]) {
        let now = now()
        return state.withLock { state in
            var ended: [@Sendable () -> Void] = []
            while state.held > 0, state.held + count > limit {
                let stalled = state.holders.filter {
                    $0.key != number && $0.value.bytes > 0 && $0.value.preparing == 0
                        && $0.value.progress + Self.stall <= now
                }
                guard let (victim, holder) = stalled.min(by: { $0.value.progress < $1.value.progress }) else {
                    return (false, ended)
                }
                ended.append(holder.end)
                state.held -= holder.bytes
                state.holders[victim] = nil
            }
            guard state.holders[number] != nil else { return (false, ended) }
            if state.holders[number]?.bytes == 0 { state.holders[number]?.progress = now }
            state.holders[number]?.bytes += count
            state.holders[number]?.preparing += 1
            state.held += count
            return (true, ended)
        }
    }
}
