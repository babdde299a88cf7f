/// A KEDA cron trigger as the nearest event for `scaler.calendar`.
///
/// | start, end | event |
/// |---|---|
/// | `0 8 * * 1-5`, `0 17 * * 1-5` | `N calls at 08:00 for 9h, weekdays` |
/// | `30 22 * * *`, `0 2 * * *` | `N calls at 22:30 for 210m, daily` |
///
/// - Source: KEDA `cron_scaler.go`: within [start, end) it asks for `desiredReplicas`.
struct CronTrigger {
    let event: ForeignPolicy.Event?

    init(_ values: inout ManifestMapping, field: ManifestField, notes: ImportNotes) {
        event = Self.event(&values, field: field, notes: notes)
    }

    private static func event(
        _ values: inout ManifestMapping, field: ManifestField, notes: ImportNotes
    ) -> ForeignPolicy.Event? {
        let zone = values.take("timezone")?.text ?? "UTC"
        let replicas = values.take("desiredReplicas")
            .flatMap { $0.integer(in: 0...10_000, default: "an unknown count", notes: notes) }
        let start = values.take("start")
        let end = values.take("end")
        if replicas?.value == 0 {
            notes.note(field, "trigger cron: no replicas are asked for, so no event stands for it")
            return nil
        }
        guard let first = start?.text.flatMap(CronTime.init), let last = end?.text.flatMap(CronTime.init),
            let span = first.minutes(until: last), isZone(zone)
        else {
            notes.warn(
                field,
                "trigger cron: only times of the week (minute, hour, days of the week; * for days and months; up to 7"
                    + " days) and a zone such as Europe/Berlin have an event for scaler.calendar; write one by hand")
            return nil
        }
        let length = span % 60 == 0 ? "\(span / 60)h" : "\(span)m"
        let text = "N calls at \(first.time) for \(length), \(first.days), \(zone)"
        let count = replicas.map { String($0.value) } ?? "the replicas"
        let product =
            replicas.map { String(Int((Double($0.value) * Double(span) * 60 * 0.8).rounded())) } ?? "busy seconds"
        let hint = "N = \(product) / seconds that one call takes"
        notes.warn(
            field,
            "trigger cron asks for \(count) replicas; Spate's calendar names calls and finds the workers itself."
                + " Nearest event for scaler.calendar: \"\(text)\", with \(hint) (replicas x seconds of the span x 0.8 busy)."
                + " Only the algorithm spate reads the calendar")
        return ForeignPolicy.Event(text: text, hint: hint, origin: field.origin)
    }

    /// As Spate's calendar wants it: `Area/Place`, `EST`, `UTC`.
    private static func isZone(_ zone: String) -> Bool {
        let parts = zone.split(separator: "/", omittingEmptySubsequences: false)
        return (parts.count > 1 || zone.first?.isUppercase == true) && zone.utf8.count <= 64
            && parts.allSatisfy { part in
                part.first?.isLetter == true
                    && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_+-".contains($0)) }
            }
    }
}

/// `minute hour * * days` of a cron expression.
struct CronTime: Equatable {
    var minuteOfDay: Int
    /// From 0, Sunday; all seven for `*`.
    var weekdays: Set<Int>

    private static let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// `nil` for anything but one time on days of the week.
    init?(_ text: String) {
        let parts = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard parts.count == 5, let minute = Int(parts[0]), let hour = Int(parts[1]), (0..<60).contains(minute),
            (0..<24).contains(hour), ["*", "?"].contains(parts[2]), ["*", "?"].contains(parts[3]),
            let days = Self.weekdays(parts[4])
        else { return nil }
        minuteOfDay = hour * 60 + minute
        weekdays = days
    }

    /// `08:30`
    var time: String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(minuteOfDay / 60)):\(two(minuteOfDay % 60))"
    }

    /// As Spate's calendar names them.
    var days: String {
        if weekdays.count == 7 { return "daily" }
        if weekdays == [1, 2, 3, 4, 5] { return "weekdays" }
        if weekdays == [0, 6] { return "weekends" }
        return [1, 2, 3, 4, 5, 6, 0].filter(weekdays.contains).map { Self.names[$0] }.joined(separator: " ")
    }

    /// Minutes until `end`, at most a week; `nil` where they are not the same for all days.
    func minutes(until end: CronTime) -> Int? {
        let day = 24 * 60
        if weekdays.count == 1, end.weekdays.count == 1, let from = weekdays.first, let to = end.weekdays.first {
            let span = ((to - from) * day + end.minuteOfDay - minuteOfDay + 7 * day) % (7 * day)
            return span == 0 ? nil : span
        }
        if end.minuteOfDay == minuteOfDay { return nil }
        if end.minuteOfDay > minuteOfDay {
            return end.weekdays.isSuperset(of: weekdays) ? end.minuteOfDay - minuteOfDay : nil
        }
        let mornings = Set(weekdays.map { ($0 + 1) % 7 })
        return end.weekdays.isSuperset(of: mornings) ? end.minuteOfDay - minuteOfDay + day : nil
    }

    private static func weekdays(_ text: String) -> Set<Int>? {
        if text == "*" || text == "?" { return Set(0...6) }
        var days: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { weekday(String($0)) }
            guard let first = ends.first, let first, ends.count <= 2, let last = ends.last, let last else { return nil }
            // 5-7 and fri-sun end with a Sunday.
            let length = ends.count == 1 ? 0 : (last - first + 7) % 7
            for offset in 0...length { days.insert((first + offset) % 7) }
        }
        return days
    }

    private static func weekday(_ text: String) -> Int? {
        if let index = names.firstIndex(of: text.lowercased()) { return index }
        return Int(text).flatMap { (0...7).contains($0) ? $0 : nil }
    }
}
