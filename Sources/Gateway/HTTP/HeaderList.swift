/// Header fields that are lists.
enum HeaderList {
    /// The elements between separators that stand in no quoted text, without the spaces around them; empty ones are left out.
    static func elements(of text: some StringProtocol, separator: Character) -> [Substring] {
        var elements: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if character == "\\", isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == separator, !isQuoted {
                elements.append(trimmed(Substring(text[start..<index])))
                start = text.index(after: index)
            }
        }
        elements.append(trimmed(Substring(text[start...])))
        return elements.filter { !$0.isEmpty }
    }

    /// `name`, `name=token` or `name="text"`: the name in lower case, the value without its quotes.
    static func member(_ text: Substring) -> (name: String, value: String) {
        guard let equals = text.firstIndex(of: "=") else { return (text.lowercased(), "") }
        let value = trimmed(text[text.index(after: equals)...])
        let isQuoted = value.count >= 2 && value.first == "\"" && value.last == "\""
        return (trimmed(text[..<equals]).lowercased(), String(isQuoted ? value.dropFirst().dropLast() : value))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
