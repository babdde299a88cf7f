import Time

/// The waiting items of one group, most urgent first: priority, then deadline (items without one count as
/// if they had the policy's patience), then arrival.
///
/// A sorted array: a worker holds at most a few hundred items, nearly all of which arrive in order, so an
/// insertion is an append and taking from the front moves an index.
struct WaitingLine<ID: Hashable & Sendable>: Sendable {
    struct Waiting: Sendable {
        var id: ID
        var rows: Int
        /// Rows that already went into batches.
        var started: Int
        var priority: Int
        var due: Timestamp
        var sequence: UInt64
        var enqueued: Timestamp
        var deadline: Timestamp?

        var remaining: Int { rows - started }

        func isBefore(_ other: Waiting) -> Bool {
            (priority, due, sequence) < (other.priority, other.due, other.sequence)
        }
    }

    private var items: [Waiting] = []
    private var head = 0
    /// Rows that wait.
    private(set) var rows = 0
    /// Items that have a deadline: without any there is nothing to search for expired ones.
    private var deadlines = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }
    var first: Waiting? { isEmpty ? nil : items[head] }
    var waiting: ArraySlice<Waiting> { items[head...] }

    /// O(1) for an item that is the least urgent, O(count) at worst.
    mutating func insert(_ item: Waiting) {
        rows += item.remaining
        if item.deadline != nil { deadlines += 1 }
        var low = head
        var high = items.count
        if let last = items.last, high > head, last.isBefore(item) { low = high }
        while low < high {
            let middle = low + (high - low) / 2
            if items[middle].isBefore(item) { low = middle + 1 } else { high = middle }
        }
        items.insert(item, at: low)
    }

    /// Takes `count` rows of the first item, which leaves when none remain.
    /// - Returns: which of its rows.
    mutating func takeFromFirst(_ count: Int) -> Range<Int> {
        guard !isEmpty else { preconditionFailure("takeFromFirst(\(count)) of an empty line") }
        let start = items[head].started
        let end = min(items[head].rows, start + count)
        items[head].started = end
        rows -= end - start
        if items[head].remaining == 0 {
            if items[head].deadline != nil { deadlines -= 1 }
            head += 1
            if head == items.count {
                items.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64, head * 2 >= items.count {
                items.removeSubrange(..<head)
                head = 0
            }
        }
        return start..<end
    }

    /// Removes and returns the items that `shouldLeave` picks, which may be asked twice about one. O(count).
    mutating func remove(where shouldLeave: (Waiting) -> Bool) -> [Waiting] {
        guard let first = items[head...].firstIndex(where: shouldLeave) else { return [] }
        var removed: [Waiting] = []
        var kept = Array(items[head..<first])
        for item in items[first...] {
            if shouldLeave(item) { removed.append(item) } else { kept.append(item) }
        }
        for item in removed {
            rows -= item.remaining
            if item.deadline != nil { deadlines -= 1 }
        }
        items = kept
        head = 0
        return removed
    }

    /// Removes and returns the items whose deadline has passed, and those with one that `isHopeless`. O(1) if no item
    /// has one.
    mutating func removeExpired(at now: Timestamp, isHopeless: (Waiting, Timestamp) -> Bool) -> [Waiting] {
        guard deadlines > 0 else { return [] }
        return remove { item in
            guard let deadline = item.deadline else { return false }
            return deadline <= now || isHopeless(item, deadline)
        }
    }

    /// The earliest deadline, `nil` if no item has one. O(count), O(1) without deadlines.
    var earliestDeadline: Timestamp? {
        deadlines == 0 ? nil : waiting.lazy.compactMap(\.deadline).min()
    }

    /// When the item that waits longest came. O(count).
    var oldest: Timestamp? { waiting.lazy.map(\.enqueued).min() }
}
