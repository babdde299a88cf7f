import Time

/// What a parameter may be.
package enum ParameterKind: Sendable, Equatable {
    case duration(ClosedRange<Duration>)
    case count(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// One of these words.
    case choice([String])

    /// The value that `text` names, if it is one of this kind and within its range; a bare number is no duration.
    package func value(_ text: String) -> ParameterValue? {
        switch self {
        case .duration(let range):
            guard let duration = Duration(text: text), range.contains(duration) else { return nil }
            return .duration(duration)
        case .count(let range):
            guard let count = Int(text), range.contains(count) else { return nil }
            return .count(count)
        case .number(let range):
            guard let number = Double(text), range.contains(number) else { return nil }
            return .number(number)
        case .choice(let words): return words.contains(text) ? .choice(text) : nil
        }
    }

    /// As it reads on from "must be": `a number from 0 to 1`.
    package var expectation: String {
        switch self {
        case .duration: "a duration with its unit \(range)"
        case .count: "a whole number \(range)"
        case .number: "a number \(range)"
        case .choice: range
        }
    }

    /// `from 100ms to 1d`, `one of utilization, jobs`.
    package var range: String {
        switch self {
        case .duration(let range):
            "from \(range.lowerBound.text) to \(range.upperBound.text)"
        case .count(let range): "from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        }
    }

    fileprivate static func text(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }
}

/// The value of a parameter, of the case of its kind.
package enum ParameterValue: Sendable, Equatable, CustomStringConvertible {
    case duration(Duration)
    case count(Int)
    case number(Double)
    case choice(String)

    /// As it is written in a cluster file.
    package var description: String {
        switch self {
        case .duration(let duration): duration.text
        case .count(let count): "\(count)"
        case .number(let number): ParameterKind.text(number)
        case .choice(let word): word
        }
    }
}

extension ClosedRange<Duration> {
    /// A span of time that may be none.
    static var span: Self { .zero ... .seconds(86_400) }
    /// Time between two looks, or of a mean: never zero.
    static var period: Self { .milliseconds(100) ... .seconds(86_400) }
}
