package import Time

/// Everything that operators have set.
package struct ControlState: Sendable, Equatable {
    package var entries: [ControlEntry]

    package init(_ entries: [ControlEntry] = []) {
        self.entries = entries.sorted { ($0.kind.rawValue, $0.subject) < ($1.kind.rawValue, $1.subject) }
    }

    /// What counts at that time.
    package func current(at now: Timestamp) -> [ControlEntry] { entries.filter { $0.holds(at: now) } }

    package func entry(_ kind: ControlEntry.Kind, _ subject: String, at now: Timestamp) -> ControlEntry? {
        entries.first { $0.kind == kind && $0.subject == subject && $0.holds(at: now) }
    }

    /// The pause of a pool or of all.
    package func pause(of pool: String, at now: Timestamp) -> ControlEntry? {
        entry(.pause, pool, at: now) ?? entry(.pause, ControlEntry.everything, at: now)
    }

    /// The workers with an entry of that kind.
    package func workers(_ kind: ControlEntry.Kind, at now: Timestamp) -> Set<String> {
        Set(entries.filter { $0.kind == kind && $0.holds(at: now) }.map(\.subject))
    }
}
