/// Masks secrets in text that a person or a log will see.
package enum Secrets {
    /// Returns `text` with the user information of every URL and every `password=` value replaced by `***`.
    ///
    /// - Example: `redis://ann:pw@host:6379` becomes `redis://***@host:6379`;
    ///   `unix:///run/redis.sock?password=pw&db=1` becomes `unix:///run/redis.sock?password=***&db=1`.
    package static func masked(_ text: some StringProtocol) -> String {
        maskedQueries(in: maskedUserInformation(in: String(text)))
    }

    /// The user information reaches to the last `@` of the word: a password may hold an unescaped `@` or `/`, and
    /// showing too little is the safe side.
    private static func maskedUserInformation(in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let scheme = rest.range(ofText: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let word = rest.prefix { !$0.isWhitespace && $0 != "\"" }
            if let at = word.lastIndex(of: "@") {
                result += "***"
                rest = rest[at...]
            }
        }
        return result + rest
    }

    private static func maskedQueries(in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let key = rest.range(ofText: "password=") {
            result += rest[..<key.upperBound] + "***"
            rest = rest[key.upperBound...].drop { $0 != "&" && !$0.isWhitespace && $0 != "\"" && $0 != "'" }
        }
        return result + rest
    }
}

extension Substring {
    /// The first occurrence of `text`. O(n·m), for short texts.
    fileprivate func range(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
