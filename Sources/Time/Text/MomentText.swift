/// Moments as people write them.
package enum MomentText {
    /// The moment that `text` names: `2026-06-01T08:30:00Z` and its short forms (see `Timestamp.init(text:)`), `08:30` or `08:30:15`
    /// (the last time it was so late, UTC), `10m` (ago), `now`; `nil` if it names none.
    package static func moment(_ text: String, now: Timestamp) -> Timestamp? {
        if text == "now" { return now }
        if let ago = Duration(text: text.hasSuffix(" ago") ? String(text.dropLast(4)) : text) { return now - ago }
        if let time = Timestamp.timeOfDay(text.hasSuffix("Z") ? text.dropLast() : text[...]) {
            let day: Int64 = 86_400_000_000
            let found = Timestamp(microseconds: now.microseconds.flooredQuotient(by: day) * day + time)
            return found > now ? found - .microseconds(day) : found
        }
        return Timestamp(text: text)
    }

    /// `2026-06-01 08:30:00Z`.
    package static func text(_ time: Timestamp) -> String { UTC(max(time, .zero)).seconds }
}
