package import Time

/// Rows that run together, and why no more were waited for.
package struct Batch<ID: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    /// A whole item, or the part of a large one that runs here.
    package struct Entry: Sendable, Equatable {
        package var id: ID
        /// Which of the item's rows, counted from 0. The parts of an item cover it without gap or overlap.
        package var range: Range<Int>
        /// Rows of the whole item; `range.count == itemRows` when it runs in one piece.
        package var itemRows: Int

        package init(id: ID, range: Range<Int>, itemRows: Int) {
            self.id = id
            self.range = range
            self.itemRows = itemRows
        }

        package var isWhole: Bool { range.count == itemRows }
    }

    /// 1 for the first batch of an assembler, then one more each.
    package var number: UInt64
    package var group: Group
    package var entries: [Entry]
    /// The sum of the entries' rows.
    package var rows: Int
    package var reason: CloseReason
    package var formed: Timestamp
    /// What the learned cost says it takes in 99 of 100 cases; `nil` until the cost is known.
    package var expected: Duration?

    package init(
        number: UInt64, group: Group, entries: [Entry], rows: Int, reason: CloseReason, formed: Timestamp,
        expected: Duration?
    ) {
        self.number = number
        self.group = group
        self.entries = entries
        self.rows = rows
        self.reason = reason
        self.formed = formed
        self.expected = expected
    }
}

/// Why a batch was closed with the rows it has. Counted per reason, so that an operator who wonders about
/// small batches can see which rule made them.
package enum CloseReason: String, Sendable, CaseIterable {
    /// It has as many rows as pay, or the next item does not fit whole.
    case full
    /// No more was queued, and waiting for more would not pay.
    case idle
    /// One more row, or one more moment, and the tightest deadline among its items could not be met.
    case deadline
    /// The longest permitted delay of its oldest item was over.
    case delay
    /// The worker is draining.
    case drain
    /// What else was waiting may not share a run with it.
    case shape
    /// The rest was left to other free instances, because a row costs about the same in a small batch.
    case spread
}
