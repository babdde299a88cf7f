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
        var text = String(text)
        guard text.utf8.count <= 512, let id = text.withUTF8({ Self(bytes: $0) }) else { return nil }
        self = id
    }

    /// By its bytes, from the end: each outcome carries one, and to split its text cost more than to decode all the rest.
    private init?(bytes: UnsafeBufferPointer<UInt8>) {
        let dot = UInt8(ascii: ".")
        guard let third = bytes.lastIndex(of: dot), let second = bytes[..<third].lastIndex(of: dot),
            let first = bytes[..<second].lastIndex(of: dot),
            let entry = EntryID(bytes: bytes[(third + 1)...]),
            let priority = PriorityClass(bytes: bytes[(second + 1)..<third]),
            let queue = QueueName(
                model: String(decoding: bytes[..<first], as: UTF8.self),
                version: String(decoding: bytes[(first + 1)..<second], as: UTF8.self))
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

    package init?(_ text: some StringProtocol) { self.init(bytes: text.utf8) }

    /// `nil` for any bytes but `<milliseconds>-<sequence>`, both decimal without leading zeros and within 64 bits.
    package init?(bytes: some Collection<UInt8>) {
        guard let dash = bytes.firstIndex(of: UInt8(ascii: "-")),
            let milliseconds = Self.number(bytes[..<dash]),
            let sequence = Self.number(bytes[bytes.index(after: dash)...])
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = scaled.addingReportingOverflow(UInt64(digit &- UInt8(ascii: "0")))
            guard !overflow, !overflowed else { return nil }
            value = sum
        }
        return value
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

    init?(bytes: some Collection<UInt8>) {
        guard let match = Self.allCases.first(where: { bytes.elementsEqual($0.name.utf8) }) else { return nil }
        self = match
    }

    package static func < (lhs: PriorityClass, rhs: PriorityClass) -> Bool { lhs.rawValue < rhs.rawValue }
}
