import Time
import Yams

/// A value with the place where it stands, for checks that need more than one key.
package struct Located<Value: Sendable>: Sendable {
    package var value: Value
    package var position: SettingsPosition

    package init(_ value: Value, at position: SettingsPosition) {
        self.value = value
        self.position = position
    }
}

extension SettingsReader {
    // MARK: Text

    /// Text of any form; `nil` where the key is not given.
    package func string(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let scalar) = node else {
            report("'\(key)': expected text, found \(node.summary)", at: key)
            return nil
        }
        guard !scalar.string.isEmpty, !scalar.string.unicodeScalars.contains("\0") else {
            report(
                "'\(key)': expected text, found \(scalar.string.isEmpty ? "an empty one" : "a NUL character")", at: key)
            return nil
        }
        return scalar.string
    }

    package func string(_ key: String, default fallback: String) -> String {
        string(key) ?? fallback
    }

    /// One of the raw values of an enumeration.
    package func choice<Value: RawRepresentable & CaseIterable>(_ key: String, default fallback: Value) -> Value
    where Value.RawValue == String {
        let names = Value.allCases.map(\.rawValue)
        return parsed(key, expected: "one of \(names.joined(separator: ", "))", suggesting: names) {
            Value(rawValue: $0)
        } ?? fallback
    }

    /// A list of texts with their places; `[]` where the key is not given.
    package func strings(_ key: String) -> [Located<String>] {
        items(key, "a list of texts, as in [one, two]").compactMap { item in
            let place = item.position(in: document.file) ?? position
            guard case .scalar(let scalar) = item, !scalar.string.isEmpty else {
                report("'\(key)': expected a list of texts, found \(item.summary) in it", at: place)
                return nil
            }
            return Located(scalar.string, at: place)
        }
    }

    /// The mapping at `key`, of free names to texts; empty where it is not given.
    package func texts(_ key: String) -> [String: String] {
        guard let node = node(key) else { return [:] }
        guard case .mapping(let mapping) = node else {
            report("'\(key)': expected names with texts, as in {NAME: text}, found \(node.summary)", at: key)
            return [:]
        }
        var texts: [String: String] = [:]
        for (name, value) in mapping {
            guard let text = name.scalar?.string, document.duplicates[text] == nil, case .scalar(let scalar) = value
            else {
                report(
                    "'\(key)': expected a name with a text, each name once, found \(value.summary)",
                    at: name.position(in: document.file) ?? position)
                continue
            }
            texts[text] = scalar.isAbsent ? "" : scalar.string
        }
        return texts
    }

    /// The mapping at `key`, of free names to lists of whole numbers; empty where it is not given.
    package func integerLists(_ key: String, in range: ClosedRange<Int>) -> [String: [Int]] {
        guard let node = node(key) else { return [:] }
        guard case .mapping(let mapping) = node else {
            report("'\(key)': expected names with lists, as in {NAME: [1, 2]}, found \(node.summary)", at: key)
            return [:]
        }
        var lists: [String: [Int]] = [:]
        for (name, value) in mapping {
            let numbers = value.sequence?.compactMap { item -> Int? in
                guard case .scalar(let scalar) = item, let number = SettingsNumber.integer(scalar.string) else {
                    return nil
                }
                return range.contains(number) ? number : nil
            }
            guard let text = name.scalar?.string, document.duplicates[text] == nil, let numbers,
                numbers.count == value.sequence?.count
            else {
                report(
                    "'\(key)': expected a name with a list of whole numbers from \(range.lowerBound) to \(range.upperBound), each name once, found \(value.summary)",
                    at: name.position(in: document.file) ?? position)
                continue
            }
            lists[text] = numbers
        }
        return lists
    }

    // MARK: Numbers

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        ranged(key, "a whole number", in: range, SettingsNumber.integer) { "\($0)" }
    }

    package func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        integer(key, in: range) ?? fallback
    }

    /// A list of whole numbers; `nil` where the key is not given.
    package func integers(_ key: String, in range: ClosedRange<Int>) -> [Int]? {
        guard has(key) else { return nil }
        return items(key, "a list of whole numbers, as in [1, 2]").compactMap { item in
            let place = item.position(in: document.file) ?? position
            guard case .scalar(let scalar) = item, let value = SettingsNumber.integer(scalar.string),
                range.contains(value)
            else {
                report(
                    "'\(key)': expected whole numbers from \(range.lowerBound) to \(range.upperBound),"
                        + " found \(item.summary)",
                    at: place)
                return nil
            }
            return value
        }
    }

    package func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        ranged(key, "a number", in: range, SettingsNumber.number) { "\($0)" }
    }

    package func number(_ key: String, in range: ClosedRange<Double>, default fallback: Double) -> Double {
        number(key, in: range) ?? fallback
    }

    /// `true` or `false`; YAML 1.1's `yes`, `no`, `on` and `off` are refused.
    package func boolean(_ key: String, default fallback: Bool) -> Bool {
        parsed(key, expected: "true or false") { $0 == "true" ? true : $0 == "false" ? false : nil } ?? fallback
    }

    // MARK: Quantities

    package func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        ranged(
            key, "a duration with its unit (us, ms, s, m, h, d), as in 250ms", in: range, { Duration(text: $0) }
        ) {
            $0.text
        }
    }

    package func duration(_ key: String, in range: ClosedRange<Duration>, default fallback: Duration) -> Duration {
        duration(key, in: range) ?? fallback
    }

    package func bytes(_ key: String, in range: ClosedRange<Int>) -> Int? {
        ranged(
            key, "a size with its unit (B, kB, MB, GB, KiB, MiB, GiB, TiB), as in 64MiB", in: range,
            { Quantities.bytes($0) }
        ) {
            Quantities.text(bytes: $0)
        }
    }

    package func bytes(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        bytes(key, in: range) ?? fallback
    }

    // MARK: Your own forms

    /// What `parse` makes of the plain text at `key`; a `nil` from it is reported with `expected`, which reads on
    /// from "expected".
    package func parsed<Value>(
        _ key: String, expected: String, suggesting names: [String] = [], _ parse: (String) -> Value?
    ) -> Value? {
        guard let node = node(key) else { return nil }
        if case .scalar(let scalar) = node, let value = parse(scalar.string) { return value }
        let hint = node.scalar.flatMap { Suggestion.nearest(to: $0.string, among: names) }
        report(
            "'\(key)': expected \(expected), found \(node.summary)" + (hint.map { "; did you mean '\($0)'?" } ?? ""),
            at: key)
        return nil
    }

    private func ranged<Value: Comparable>(
        _ key: String, _ kind: String, in range: ClosedRange<Value>, _ parse: (String) -> Value?,
        _ text: (Value) -> String
    ) -> Value? {
        guard let value = parsed(key, expected: kind, parse) else { return nil }
        guard range.contains(value) else {
            report(
                "'\(key)': \(node(key)?.summary ?? text(value)) is out of range;"
                    + " allowed: \(text(range.lowerBound)) to \(text(range.upperBound))",
                at: key)
            return nil
        }
        return value
    }
}
