import Jobs
package import Operations
import Settings
package import Time

/// Values that an operator wrote, from a query or from options of a command, with errors that say what is allowed.
package struct OperatorQuery: Sendable {
    private let values: [String: String]

    package init(_ values: [String: String]) { self.values = values.filter { !$0.value.isEmpty } }

    package subscript(key: String) -> String? { values[key] }

    package func hasAny(_ keys: String...) -> Bool { keys.contains { values[$0] != nil } }

    package func number(_ key: String, in range: ClosedRange<Int>) throws(ControlError) -> Int? {
        guard let text = values[key] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ControlError(
                .invalid,
                "\(key): expected a whole number from \(range.lowerBound) to \(range.upperBound), found '\(text)'")
        }
        return number
    }

    package func duration(_ key: String) throws(ControlError) -> Duration? {
        guard let text = values[key] else { return nil }
        guard let duration = Duration(text: text), duration > .zero else {
            throw ControlError(
                .invalid, "\(key): expected a time with its unit (us, ms, s, m, h, d), as in 10m, found '\(text)'")
        }
        return duration
    }

    package func moment(_ key: String, now: Timestamp) throws(ControlError) -> Timestamp? {
        guard let text = values[key] else { return nil }
        guard let moment = MomentText.moment(text, now: now) else {
            throw ControlError(
                .invalid,
                "\(key): expected a moment in UTC, as in 2026-06-01T08:30:00Z, 08:30, 10m (ago) or now, found '\(text)'"
            )
        }
        return moment
    }

    /// `since` (a time that is over, or a moment), or `from` and `to`.
    package func span(now: Timestamp, default length: Duration) throws(ControlError) -> (from: Timestamp, to: Timestamp)
    {
        let to = try moment("to", now: now) ?? now
        var from = try moment("since", now: now)
        if from == nil { from = try moment("from", now: now) }
        let first = from ?? (to - length)
        guard first < to else { throw ControlError(.invalid, "the span ends before it begins") }
        guard to - first <= .seconds(40 * 86_400) else {
            throw ControlError(.invalid, "at most 40 days can be asked for")
        }
        return (first, to)
    }
}
