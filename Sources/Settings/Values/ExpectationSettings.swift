package import Forecasting
package import Time

/// A declared event of the calendar, for one model.
package struct DeclaredEvent: Sendable, Equatable, CustomReflectable {
    /// `nil`: the only model of the cluster.
    package var model: String?
    /// As written.
    package var text: String
    package var event: CalendarEvent
    /// Of the event's zone.
    package var rules: TimeZoneRules

    package init(model: String?, text: String, event: CalendarEvent, rules: TimeZoneRules) {
        self.model = model
        self.text = text
        self.event = event
        self.rules = rules
    }

    /// Whether it will not come again.
    package func isOver(at now: Timestamp) -> Bool { event.isOver(at: now, in: rules) }

    /// Only what was written: the rest follows from it.
    package var customMirror: Mirror {
        Mirror(self, children: ["model": model ?? "", "event": text], displayStyle: .struct)
    }
}

/// What is learned from earlier days.
package struct ForecastSettings: Sendable, Equatable, CustomReflectable {
    /// Default `shadow`: forecasts are made and scored, and change nothing.
    package var mode: ForecastGate.Mode
    /// Whose clock the days follow. Default `UTC`.
    package var zone: String
    package var rules: TimeZoneRules

    package init(mode: ForecastGate.Mode = .shadow, zone: String = "UTC", rules: TimeZoneRules = .utc) {
        self.mode = mode
        self.zone = zone
        self.rules = rules
    }

    package var customMirror: Mirror {
        Mirror(self, children: ["mode": mode.rawValue, "zone": zone], displayStyle: .struct)
    }
}
