/// A day of the week; the week starts on Monday (ISO 8601).
package enum Weekday: String, CaseIterable, Hashable, Sendable, Codable {
    case monday = "mon"
    case tuesday = "tue"
    case wednesday = "wed"
    case thursday = "thu"
    case friday = "fri"
    case saturday = "sat"
    case sunday = "sun"
}
