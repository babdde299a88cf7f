package import Jobs

/// What waits to be written back to the queue, as a value: which releases the next write carries, and whether the line is
/// full.
///
/// | the last write | the next one carries |
/// |---|---|
/// | was written | all that waits, at most 512 jobs and, beyond the first, 8 MiB of outcomes |
/// | found the queue away | the same |
/// | was refused | one job, and so for as many as waited then: what the queue refuses does not hold up the rest |
package struct OutcomeLine: Sendable {
    /// Jobs in one write; above it a write is cut, so that no single command grows without bound.
    package static let largestWrite = 512
    /// Bytes of outcomes in one write, 8 MiB: each outcome may leave twice (stored, and for its waiting caller), and a
    /// connection takes only so much at a time.
    static let largestBytes = 8 << 20

    /// What to do about a write that failed.
    package enum Remedy: Sendable, Equatable {
        /// Go on at once: an outcome that is too large was replaced by a failure that says so.
        case goOn
        /// Wait, and try again.
        case wait
    }

    private let capacity: Int
    private let byteCapacity: Int
    private var waiting: [Release] = []
    private var writing = 0
    /// How many of the next writes carry one job each, to get past an outcome that the queue refuses.
    private var singles = 0
    /// Of the tensors of what waits or is being written.
    package private(set) var bytes = 0
    /// Jobs settled since the start.
    package private(set) var settled = 0
    /// Whether the last write failed.
    package private(set) var isFailing = false

    package init(capacity: Int, byteCapacity: Int) {
        self.capacity = capacity
        self.byteCapacity = byteCapacity
    }

    package var count: Int { waiting.count + writing }
    package var isEmpty: Bool { waiting.isEmpty && writing == 0 }
    package var isFull: Bool { count >= capacity || bytes >= byteCapacity }

    package mutating func add(_ releases: [Release]) {
        waiting += releases
        bytes += releases.reduce(0) { $0 + $1.keptBytes }
    }

    /// What to write now; empty: nothing waits. `wrote` or `failed` must follow.
    package mutating func next() -> [Release] {
        let limit = singles > 0 ? 1 : Self.largestWrite
        var bytes = 0
        let fitting = waiting.prefix(limit).prefix { release in
            bytes += release.bytes
            return bytes <= Self.largestBytes
        }
        let batch = Array(waiting.prefix(max(1, fitting.count)))
        guard !batch.isEmpty else { return [] }
        waiting.removeFirst(batch.count)
        writing = batch.count
        singles = max(0, singles - 1)
        return batch
    }

    /// A part of the write is in the queue.
    ///
    /// - Parameters:
    ///   - settled: jobs whose outcome is stored.
    ///   - bytes: that are not kept any more.
    ///   - remaining: jobs of the write that are not written yet.
    package mutating func wrote(settled: Int, bytes: Int, remaining: Int) {
        writing = remaining
        self.bytes -= bytes
        self.settled += settled
        if remaining == 0 { isFailing = false }
    }

    /// The rest of the write failed: it goes behind the others.
    package mutating func failed(_ batch: [Release], _ error: QueueError) -> Remedy {
        isFailing = true
        writing = 0
        if error.code != .unavailable, batch.count > 1 { singles = waiting.count + batch.count }
        guard error.code == .tooLarge, batch.count == 1, let smaller = batch[0].failed(error.message) else {
            waiting += batch
            return .wait
        }
        bytes -= batch[0].keptBytes
        waiting.append(smaller)
        return .goOn
    }
}
