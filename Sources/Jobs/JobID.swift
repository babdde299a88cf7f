/// A job's name for its whole life: the queue, the lane and the stream entry that hold it.
///
/// Any gateway can find the state of a job from its id alone; nothing but the entry is written at submit.
/// Text form: `<model>.<version>.<class>.<milliseconds>-<sequence>`, for example
/// `digits.1.normal.1732163000000-0`.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    package var queue: QueueName
    package var priority: PriorityClass
    package var entry: EntryID

    package init(queue: QueueName, priority: PriorityClass, entry: EntryID) {
        self.queue = queue
        self.priority = priority
        self.entry = entry
    }

    package var description: String { "\(queue).\(priority.name).\(entry)" }

    /// `nil` for any text that `description` cannot have produced.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 512 else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 4,
            let entry = EntryID(parts[parts.count - 1]),
            let priority = PriorityClass(name: parts[parts.count - 2]),
            let queue = QueueName(parts[..<(parts.count - 2)].joined(separator: "."))
        else { return nil }
        self.init(queue: queue, priority: priority, entry: entry)
    }
}

/// The id of a Redis stream entry: `<milliseconds>-<sequence>`; the milliseconds are Redis time at submit.
package struct EntryID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var milliseconds: UInt64
    package var sequence: UInt64

    package init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    package var description: String { "\(milliseconds)-\(sequence)" }

    package init?(_ text: some StringProtocol) {
        guard let dash = text.firstIndex(of: "-"),
            let milliseconds = UInt64(text[..<dash]),
            let sequence = UInt64(text[text.index(after: dash)...])
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
        guard description == text else { return nil }
    }

    package static func < (lhs: EntryID, rhs: EntryID) -> Bool {
        (lhs.milliseconds, lhs.sequence) < (rhs.milliseconds, rhs.sequence)
    }
}

/// The lanes of a queue, served in this order.
package enum PriorityClass: UInt8, Sendable, CaseIterable, Comparable {
    case high = 0
    case normal = 1
    case low = 2

    package var name: String {
        switch self {
        case .high: "high"
        case .normal: "normal"
        case .low: "low"
        }
    }

    package init?(name: some StringProtocol) {
        guard let match = Self.allCases.first(where: { name == $0.name }) else { return nil }
        self = match
    }

    package static func < (lhs: PriorityClass, rhs: PriorityClass) -> Bool { lhs.rawValue < rhs.rawValue }
}
