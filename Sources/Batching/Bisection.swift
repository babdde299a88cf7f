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
/// One bad item of n costs 2 · log₂ n runs, k of them about 2 · k · log₂(n / k). A backend that is broken would fail
/// every one of 2 · n runs; it is told from a batch with many bad items by progress:
///
/// | runs that failed in a row | then |
/// |---|---|
/// | fewer than log₂ n + 2 | the next half |
/// | more | single items from all over the rest, until one succeeds |
/// | and 24 of them items alone | the rest is given up without a run |
///
/// So fewer than 24 bad items in a batch never cost a good one its run, wherever they are; more of them only where 24 in
/// a row are bad, halves and samples together. A broken backend is given up after 24 + log₂ n runs and a few.
package struct Bisection<Element: Sendable>: Sendable {
    /// What the caller does next.
    package enum Step: Sendable {
        /// Run these together and say how it went.
        case run([Element])
        /// This one failed alone.
        case blame(Element)
        /// The last `patience` items that ran alone all failed, and nothing succeeded in between: these were not run
        /// alone and are not to blame.
        case giveUp([Element])
        case done
    }

    /// Items that may fail alone, without a success in between, before the rest is given up.
    package static var patience: Int { 24 }

    private var pending: [[Element]]
    private var running: [Element]?
    private var blamed: Element?
    private var isGivenUp = false
    /// Since the last success.
    private var failures = 0
    private var aloneFailures = 0
    private let samplingLimit: Int
    /// Where the next sample is taken, in 0..<1.
    private var position = 0.0

    /// - Parameter failed: the elements of the batch that failed; halving keeps their order.
    package init(failed: [Element]) {
        samplingLimit = Int.bitWidth - failed.count.leadingZeroBitCount + 1
        pending = failed.count > 1 ? Self.halves(of: failed) : []
        blamed = failed.count == 1 ? failed[0] : nil
    }

    /// The next step. After `run` call it again when `succeeded` or `failed` was called, else at once.
    package mutating func next() -> Step {
        if let culprit = blamed {
            blamed = nil
            return .blame(culprit)
        }
        guard running == nil else { preconditionFailure("Bisection.next while a part is running") }
        guard !pending.isEmpty else { return .done }
        if isGivenUp {
            defer { pending = [] }
            return .giveUp(pending.reversed().flatMap { $0 })
        }
        let part = failures < samplingLimit ? pending.removeLast() : [takeSample()]
        running = part
        return .run(part)
    }

    /// The part that was given out ran; its results are good.
    package mutating func succeeded() {
        failures = 0
        aloneFailures = 0
        running = nil
    }

    /// The part that was given out failed as a whole.
    package mutating func failed() {
        guard let part = running else { preconditionFailure("Bisection.failed while nothing is running") }
        running = nil
        failures += 1
        if part.count == 1 {
            blamed = part[0]
            aloneFailures += 1
        } else {
            pending += Self.halves(of: part)
        }
        isGivenUp = aloneFailures >= Self.patience
    }

    /// Removes one item from what is pending, each time at another place: steps of the golden ratio fall between
    /// all earlier ones and keep no period with what a few callers alternately send.
    private mutating func takeSample() -> Element {
        position = (position + 0.618_033_988_749_894_9).truncatingRemainder(dividingBy: 1)
        let count = pending.reduce(0) { $0 + $1.count }
        var index = min(count - 1, Int(position * Double(count)))
        var part = pending.count - 1
        while index >= pending[part].count {
            index -= pending[part].count
            part -= 1
        }
        let sample = pending[part].remove(at: index)
        if pending[part].isEmpty { pending.remove(at: part) }
        return sample
    }

    /// The second half first, as they are taken from the end.
    private static func halves(of part: [Element]) -> [[Element]] {
        guard part.count > 1 else { return [part] }
        let middle = (part.count + 1) / 2
        return [Array(part[middle...]), Array(part[..<middle])]
    }
}
