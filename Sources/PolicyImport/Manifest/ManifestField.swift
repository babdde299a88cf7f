import Yams

/// One value of a manifest, with its place.
struct ManifestField {
    /// As in `spec.triggers[0].type`.
    let path: String
    /// The last part of the path.
    let name: String
    /// From 1.
    let line: Int
    let node: Node

    /// Where a value of the result comes from: `spec.maxReplicaCount, line 12`.
    var origin: String { "\(path), line \(line)" }

    /// The text of a scalar.
    var text: String? { node.scalar?.string }

    /// The text of a scalar for a message.
    var shown: String { text.map { "'\(PlainText.line($0))'" } ?? "a structure" }

    var isNull: Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The whole number, within `range`; a note and `nil` for anything else.
    func integer(in range: ClosedRange<Int>, default fallback: String, notes: ImportNotes) -> Sourced<Int>? {
        guard let text, let value = Int(text) else {
            notes.warn(self, "\(shown) is no whole number; \(fallback) stands instead")
            return nil
        }
        guard range.contains(value) else {
            let nearest = min(max(value, range.lowerBound), range.upperBound)
            notes.warn(
                self,
                "\(value) is outside \(range.lowerBound) to \(range.upperBound), which Spate allows; \(nearest) is nearest"
            )
            return Sourced(nearest, from: self)
        }
        return Sourced(value, from: self)
    }

    /// The number or quantity, within `range`; a note and `nil` for anything else.
    func quantity(in range: ClosedRange<Double>, default fallback: String, notes: ImportNotes) -> Sourced<Double>? {
        guard let text, let value = Quantity.value(of: text) else {
            notes.warn(self, "\(shown) is no number; \(fallback) stands instead")
            return nil
        }
        guard range.contains(value) else {
            notes.warn(
                self,
                "\(PlainText.number(value)) is outside \(PlainText.number(range.lowerBound)) to"
                    + " \(PlainText.number(range.upperBound)), which Spate allows; \(fallback) stands instead")
            return nil
        }
        return Sourced(value, from: self)
    }

    /// The keys below; a note and `nil` if it has none.
    func mapping(notes: ImportNotes) -> ManifestMapping? {
        guard let mapping = node.mapping else {
            notes.warn(self, "not translated: keys were expected below it")
            return nil
        }
        return ManifestMapping(mapping, path: path)
    }

    /// The items of a list; a note if it is none.
    func items(notes: ImportNotes) -> [ManifestField] {
        guard let sequence = node.sequence else {
            notes.warn(self, "not translated: a list was expected")
            return []
        }
        return sequence.enumerated().map { index, item in
            ManifestField(path: "\(path)[\(index)]", name: name, line: item.mark?.line ?? line, node: item)
        }
    }
}
