/// The queue of one model version; all its keys share one Cluster hash tag.
///
/// Names are validated once, here, so that no key, id or header can be broken by them: 1 to 128 characters
/// of `A-Z a-z 0-9 _ -` (and `.` inside a model name).
package struct QueueName: Hashable, Sendable, CustomStringConvertible {
    package let model: String
    package let version: String

    /// `nil` if either name has a character or a length that is not allowed.
    package init?(model: String, version: String) {
        guard Self.isValid(model, allowsDot: true), Self.isValid(version, allowsDot: false) else { return nil }
        self.model = model
        self.version = version
    }

    /// `model.version`, the text inside the hash tag. Splits again at the last dot.
    package var description: String { "\(model).\(version)" }

    package init?(_ description: some StringProtocol) {
        guard let dot = description.lastIndex(of: ".") else { return nil }
        self.init(
            model: String(description[..<dot]), version: String(description[description.index(after: dot)...]))
    }

    private static func isValid(_ name: String, allowsDot: Bool) -> Bool {
        guard (1...128).contains(name.utf8.count) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            case UInt8(ascii: "."): allowsDot
            default: false
            }
        }
    }
}
