package import Time

/// One request as the assembler sees it: how many rows, what it may share a run with, how urgent it is.
///
/// The payload stays with the caller, who finds it again by `id`.
package struct BatchItem<ID: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    package var id: ID
    /// Rows of the request, at least 1; the unit in which everything here counts.
    package var rows: Int
    /// Only items with equal groups share a batch: the row shapes and element types of the inputs, and
    /// whatever else must agree.
    package var group: Group
    /// Lower runs first, whatever the deadlines.
    package var priority: Int
    /// When the worker took it.
    package var enqueued: Timestamp
    /// The moment after which its outcome is worth nothing.
    package var deadline: Timestamp?

    package init(
        id: ID, rows: Int, group: Group, priority: Int = 1, enqueued: Timestamp, deadline: Timestamp? = nil
    ) {
        self.id = id
        self.rows = max(1, rows)
        self.group = group
        self.priority = priority
        self.enqueued = enqueued
        self.deadline = deadline
    }
}
