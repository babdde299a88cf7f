package import Time

/// Calls that an operator knows will come: how many, at which local time, on which days.
package struct CalendarEvent: Sendable, Equatable {
    package enum Volume: Sendable, Equatable {
        /// So many calls in the whole of the event's duration.
        case calls(Double)
        case callsPerSecond(Double)
    }

    package enum Days: Sendable, Equatable {
        case daily
        case weekly(Set<Weekday>)
        case dates([CivilDate])

        package static let weekdays = Days.weekly([.monday, .tuesday, .wednesday, .thursday, .friday])
        package static let weekends = Days.weekly([.saturday, .sunday])

        package func contains(_ date: CivilDate) -> Bool {
            switch self {
            case .daily: true
            case .weekly(let days): days.contains(date.weekday)
            case .dates(let dates): dates.contains(date)
            }
        }
    }

    package enum Shape: Sendable, Equatable {
        case even
        /// Rises in ten steps from a tenth of the mean to 1.9 times the mean; the number of calls stays.
        case ramp
    }

    package var name: String
    package var volume: Volume
    /// Seconds of the local clock from midnight, 0 to 86,399.
    package var secondOfDay: Int
    /// Above 0, at most seven days. Default one minute: the smallest grain that the forecast knows.
    package var duration: Duration
    package var shape: Shape
    package var days: Days
    /// As in `Europe/Berlin`.
    package var zone: String
    /// The last local day on which it starts; `nil`: it never ends.
    package var until: CivilDate?

    package init(
        name: String, volume: Volume, secondOfDay: Int, duration: Duration = .seconds(60), shape: Shape = .even,
        days: Days = .daily, zone: String = "UTC", until: CivilDate? = nil
    ) {
        self.name = name
        self.volume = volume
        self.secondOfDay = secondOfDay
        self.duration = duration
        self.shape = shape
        self.days = days
        self.zone = zone
        self.until = until
    }

    /// Mean calls per second while the event lasts.
    package var jobsPerSecond: Double {
        switch volume {
        case .calls(let calls): calls / max(duration.seconds, 1e-6)
        case .callsPerSecond(let rate): rate
        }
    }

    /// Whether it will not come again: its last day has passed.
    /// - Parameter rules: those of `zone`.
    package func isOver(at now: Timestamp, in rules: TimeZoneRules) -> Bool {
        var last = until
        if case .dates(let dates) = days, let latest = dates.max() { last = min(last ?? latest, latest) }
        guard let last else { return false }
        let midnight = Int64(last.daysSinceEpoch) * 86_400
        let instant = rules.reading(of: midnight + Int64(secondOfDay)).instant
        return .zero + .seconds(instant) + duration <= now
    }

    /// The event's spans that overlap `from` to `to`, in order of time; at most 400 days are looked at.
    ///
    /// Start-up time is not subtracted: the policy does that with what it has measured.
    /// - Parameter rules: those of `zone`.
    package func expected(from: Timestamp, to: Timestamp, in rules: TimeZoneRules) -> [ExpectedRate] {
        guard from < to else { return [] }
        let firstDay = Int(rules.local(from - duration).flooredQuotient(by: 86_400)) - 1
        let lastDay = min(Int(rules.local(to).flooredQuotient(by: 86_400)) + 1, firstDay + 400)
        guard firstDay <= lastDay else { return [] }
        var spans: [ExpectedRate] = []
        for day in firstDay...lastDay {
            let date = CivilDate(daysSinceEpoch: day)
            if let until, date > until { break }
            guard days.contains(date) else { continue }
            let instant = rules.reading(of: Int64(day) * 86_400 + Int64(secondOfDay)).instant
            let start = Timestamp.zero + .seconds(instant)
            guard start < to, start + duration > from else { continue }
            spans += slices(from: start).filter { $0.starts < to && $0.ends > from }
        }
        return spans
    }

    private func slices(from start: Timestamp) -> [ExpectedRate] {
        let mean = jobsPerSecond
        guard shape == .ramp else {
            return [ExpectedRate(source: .event(name), starts: start, ends: start + duration, jobsPerSecond: mean)]
        }
        let steps = 10
        let end = start + duration
        return (0..<steps).map { step in
            let from = start + duration * (Double(step) / Double(steps))
            let to = step == steps - 1 ? end : start + duration * (Double(step + 1) / Double(steps))
            let rate = mean * Double(2 * step + 1) / Double(steps)
            return ExpectedRate(source: .event(name), starts: from, ends: to, jobsPerSecond: rate)
        }
    }
}

extension Duration {
    fileprivate static func * (lhs: Duration, rhs: Double) -> Duration {
        .microseconds(Int64(Double(lhs.wholeMicroseconds) * rhs))
    }
}

/// All declared events with the rules of their zones.
package struct EventCalendar: Sendable, Equatable {
    package var events: [CalendarEvent]
    /// By name.
    package var zones: [String: TimeZoneRules]

    package init(events: [CalendarEvent], zones: [String: TimeZoneRules]) {
        self.events = events
        self.zones = zones
    }

    /// Zones that events name and `zones` lacks; their events expect nothing until they are given.
    package var missingZones: Set<String> {
        Set(events.map(\.zone)).subtracting(zones.keys).subtracting(["UTC"])
    }

    /// What is expected between `from` and `to`, in order of time. Events that overlap add up at the policy.
    package func expected(from: Timestamp, to: Timestamp) -> [ExpectedRate] {
        events.flatMap { event -> [ExpectedRate] in
            guard let rules = zones[event.zone] ?? (event.zone == "UTC" ? .utc : nil) else { return [] }
            return event.expected(from: from, to: to, in: rules)
        }
        .sorted { ($0.starts, $0.ends) < ($1.starts, $1.ends) }
    }
}
