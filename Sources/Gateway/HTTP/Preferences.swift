import HTTPTypes

/// What a request prefers.
///
/// - Source: RFC 7240: comma-separated preferences in any number of fields, `name`, `name=token` or `name="text"`, with
///   parameters behind a semicolon; an empty value is none; of a preference that is given twice the first counts.
struct Preferences: Sendable, Equatable {
    private(set) var isAsynchronous = false
    /// How long the caller of an asynchronous request likes to wait for the outcome before it takes the job's id.
    private(set) var wait: Duration?

    init(_ headers: HTTPFields) {
        for field in headers[values: .prefer] {
            for preference in HeaderList.elements(of: field, separator: ",") {
                guard let token = HeaderList.elements(of: preference, separator: ";").first else { continue }
                note(HeaderList.member(token))
            }
        }
    }

    private mutating func note(_ preference: (name: String, value: String)) {
        switch preference.name {
        case "respond-async": if preference.value.isEmpty { isAsynchronous = true }
        case "wait":
            guard wait == nil, let seconds = Int(preference.value), (0...86_400).contains(seconds) else { return }
            wait = .seconds(seconds)
        default: break
        }
    }
}

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
