import Yams

/// Turns YAML text into nodes with positions, and finds duplicate keys.
///
/// The parser stops at the first duplicate key of a document and says nothing of the rest. So a repeated key is
/// masked by a text of the same length that no author writes, the text is parsed again, and the reader of the
/// mapping names the original when it meets the mask. All marks stay where they were.
struct SettingsDocument {
    var root: Node?
    let file: String

    /// Masked key → the key as written.
    private(set) var duplicates: [String: String] = [:]

    /// Parses `text`; what is wrong with it goes to `findings`.
    init(text: String, file: String, findings: SettingsFindings) {
        self.file = file
        // The parser keeps a pointer into the text, and a text of at most 15 bytes has no storage to point to.
        var text = text.utf8.count < 16 ? text + String(repeating: "\n", count: 16) : text
        while true {
            do {
                root = try compose(yaml: text)
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let position = SettingsPosition(file: file, line: context.mark.line, column: context.mark.column)
                guard duplicates.count < SettingsFindings.limit,
                    let masked = Self.maskSecond(
                        of: keys.sorted().first ?? "", in: text, at: context.mark, number: duplicates.count)
                else {
                    findings.report("duplicate key \(keys.map { "'\($0)'" }.joined(separator: ", "))", at: position)
                    return
                }
                duplicates[masked.mask] = masked.key
                text = masked.text
            } catch {
                findings.report(Self.message(of: error), at: Self.position(of: error, in: file))
                return
            }
        }
    }

    /// Masks the next occurrence of the key that stands at `mark`: the first later line of the same block that has
    /// it at the same column. `nil` in flow mappings (`{a: 1, a: 2}`).
    private static func maskSecond(of key: String, in text: String, at mark: Mark, number: Int) -> (
        text: String, mask: String, key: String
    )? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        let start = mark.column - 1
        guard lines.indices.contains(mark.line - 1), start >= 0 else { return nil }
        for index in lines.indices.dropFirst(mark.line) {
            let line = lines[index]
            let indent = line.prefix { $0 == " " }.count
            if indent == line.count || line[indent] == "#" || indent > start { continue }
            guard indent == start else { return nil }
            for written in [key, "\"\(key)\"", "'\(key)'"].map({ Array($0.unicodeScalars) }) {
                let end = start + written.count
                guard !written.isEmpty, line.count > end, Array(line[start..<end]) == written,
                    line[end...].first(where: { $0 != " " }) == ":"
                else { continue }
                guard let mask = mask(length: written.count, number: number) else { return nil }
                lines[index].replaceSubrange(start..<end, with: mask)
                let masked = lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
                return (masked, String(String.UnicodeScalarView(mask)), key)
            }
        }
        return nil
    }

    /// `length` scalars of Unicode's private use area, different for each `number`.
    private static func mask(length: Int, number: Int) -> [Unicode.Scalar]? {
        Unicode.Scalar(UInt32(0xE000 + number)).map { Array(repeating: $0, count: length) }
    }

    private static func message(of error: any Error) -> String {
        switch error {
        case YamlError.scanner(let context, let problem, _, _), YamlError.parser(let context, let problem, _, _),
            YamlError.composer(let context, let problem, _, _):
            let place = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            return "not valid YAML: \(problem)\(place)"
        case YamlError.reader(let problem, _, _, _):
            return "not valid YAML: \(problem)"
        default:
            return "not valid YAML"
        }
    }

    private static func position(of error: any Error, in file: String) -> SettingsPosition {
        switch error {
        case YamlError.scanner(_, _, let mark, _), YamlError.parser(_, _, let mark, _),
            YamlError.composer(_, _, let mark, _):
            return SettingsPosition(file: file, line: mark.line, column: mark.column)
        case YamlError.reader(_, let offset?, _, let text):
            let before = text.prefix(offset)
            let line = before.count { $0.isNewline } + 1
            let column =
                before.count
                - (before.lastIndex { $0.isNewline }.map { before.distance(from: before.startIndex, to: $0) + 1 } ?? 0)
            return SettingsPosition(file: file, line: line, column: column + 1)
        default:
            return SettingsPosition(file: file)
        }
    }
}
