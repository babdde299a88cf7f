/// A value that the format has no room for. Nothing was written of it.
///
/// To cut it would make another job of it: one for another tenant, with another output, of another shape.
package struct WireLimitError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is too large, in words.
    package var field: String
    /// In bytes of a text, in number of what is counted.
    package var size: Int
    package var limit: Int

    package init(field: String, size: Int, limit: Int) {
        self.field = field
        self.size = size
        self.limit = limit
    }

    package var description: String { "\(field) is \(size) long, and at most \(limit) can be carried" }
}

/// What fits into the format's fixed widths.
enum WireLimit {
    /// Checks that `count` fits into the format's integer, and returns it.
    static func value<Count: FixedWidthInteger>(
        _ field: @autoclosure () -> String, _ count: Int, as _: Count.Type = Count.self
    ) throws(WireLimitError) -> Count {
        guard let value = Count(exactly: count) else {
            throw WireLimitError(field: field(), size: count, limit: Int(clamping: Count.max))
        }
        return value
    }

    /// The bytes that a text takes: its length, two more.
    static func size(_ field: @autoclosure () -> String, _ text: String) throws(WireLimitError) -> Int {
        2 + Int(try value(field(), text.utf8.count, as: UInt16.self))
    }
}
