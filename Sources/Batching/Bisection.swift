/// Finds the bad items of a batch that failed as a whole, so that one bad request does not fail its mates:
/// halves are run until each bad item stands alone.
///
/// Example: A, B, C, D fail; C is bad.
///
/// | run | result | then |
/// |---|---|---|
/// | A B | succeeds | |
/// | C D | fails | is halved |
/// | C | fails alone | C is to blame |
/// | D | succeeds | |
///
/// One bad item of n costs 2 · log₂ n runs. A backend that is broken would fail every one of 2 · n runs, so
/// after 2 · log₂ n + 2 failures without a single success the rest is given up without a run.
package struct Bisection<Element: Sendable>: Sendable {
    /// What the caller does next.
    package enum Step: Sendable {
        /// Run these together and say how it went.
        case run([Element])
        /// This one failed alone.
        case blame(Element)
        /// Everything failed so far: these were not run alone and are not to blame.
        case giveUp([Element])
        case done
    }

    private var pending: [[Element]]
    private var running: [Element]?
    private var blamed: Element?
    private var givenUp: [Element] = []
    private var failures = 0
    private var hasSucceeded = false
    private let failureLimit: Int

    /// - Parameter failed: the elements of the batch that failed; halving keeps their order.
    package init(failed: [Element]) {
        failureLimit = 2 * (Int.bitWidth - failed.count.leadingZeroBitCount) + 2
        pending = failed.count > 1 ? Self.halves(of: failed) : []
        blamed = failed.count == 1 ? failed[0] : nil
    }

    /// The next step. After `run` call it again when `succeeded` or `failed` was called, else at once.
    package mutating func next() -> Step {
        if let culprit = blamed {
            blamed = nil
            return .blame(culprit)
        }
        if !givenUp.isEmpty {
            defer { givenUp = [] }
            return .giveUp(givenUp)
        }
        guard running == nil else { preconditionFailure("Bisection.next while a part is running") }
        guard let part = pending.popLast() else { return .done }
        running = part
        return .run(part)
    }

    /// The part that was given out ran; its results are good.
    package mutating func succeeded() {
        hasSucceeded = true
        running = nil
    }

    /// The part that was given out failed as a whole.
    package mutating func failed() {
        guard let part = running else { preconditionFailure("Bisection.failed while nothing is running") }
        running = nil
        failures += 1
        if part.count == 1 { blamed = part[0] } else { pending += Self.halves(of: part) }
        if !hasSucceeded, failures >= failureLimit {
            givenUp = pending.reversed().flatMap { $0 }
            pending = []
        }
    }

    /// The second half first, as they are taken from the end.
    private static func halves(of part: [Element]) -> [[Element]] {
        guard part.count > 1 else { return [part] }
        let middle = (part.count + 1) / 2
        return [Array(part[middle...]), Array(part[..<middle])]
    }
}
