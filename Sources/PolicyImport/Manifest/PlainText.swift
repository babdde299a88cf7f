/// Text of a manifest that goes into comments and messages.
enum PlainText {
    /// `text` in one line of at most 80 characters, without anything that could end a YAML comment.
    static func line(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(81) {
            let isPlain = scalar.value >= 0x20 && !(0x7F...0xA0).contains(scalar.value) && scalar.value < 0x2000
            scalars.append(scalars.count == 80 ? "…" : isPlain ? scalar : "?")
        }
        return String(scalars)
    }

    /// Whether a pool may have this name.
    static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_" || $0 == "-")
            }
    }

    /// The shortest text of a number: `20`, `0.5`.
    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    /// `1500ms`, `90s`: what the cluster file reads back, to the microsecond.
    static func duration(_ seconds: Double) -> String {
        if seconds == seconds.rounded() { return "\(Int(seconds))s" }
        let milliseconds = seconds * 1_000
        if abs(milliseconds - milliseconds.rounded()) < 1e-6 { return "\(Int(milliseconds.rounded()))ms" }
        return "\(Int((seconds * 1_000_000).rounded()))us"
    }
}
