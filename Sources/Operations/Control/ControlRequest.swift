package import Time

/// What an operator asks for, from the command line or over the administration API: the same checks and the same words
/// for both.
package struct ControlRequest: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        case override(pool: String, workers: Int)
        /// `nil`: all pools.
        case pause(pool: String?)
        case protect(worker: String)
        case leave(worker: String)
        case reload
        /// Takes an entry back.
        case clear(ControlEntry.Kind, subject: String)
    }

    package var action: Action
    /// How long it stands; `nil`: the default of the action.
    package var duration: Duration?
    package var note: String?

    package init(_ action: Action, for duration: Duration? = nil, note: String? = nil) {
        self.action = action
        self.duration = duration
        self.note = note
    }

    /// What is known of the cluster, to check a request against.
    package struct Cluster: Sendable {
        /// Maximum of each pool, by name.
        package var pools: [String: Int]
        /// Pools of the workers that report, by id.
        package var workers: [String: String]

        package init(pools: [String: Int], workers: [String: String]) {
            self.pools = pools
            self.workers = workers
        }
    }

    /// The entry to write; `nil` for `clear`.
    /// - Throws: what is wrong and what is allowed.
    package func entry(at now: Timestamp, in cluster: Cluster) throws(ControlError) -> ControlEntry? {
        if let duration, duration <= .zero || duration > ControlEntry.longest {
            throw ControlError(.invalid, "the time must be above 0 and at most 30 days")
        }
        if let note { try Self.check(note) }
        func made(
            _ kind: ControlEntry.Kind, _ subject: String, count: Int? = nil, for fallback: Duration?
        ) -> ControlEntry {
            ControlEntry(
                kind, subject, count: count, set: now, until: (duration ?? fallback).map { now + $0 }, note: note)
        }
        switch action {
        case .override(let pool, let workers):
            guard let maximum = cluster.pools[pool] else { throw unknown(pool: pool, cluster) }
            guard (0...maximum).contains(workers) else {
                throw ControlError(
                    .invalid, "pool \(pool) may have 0 to \(maximum) workers; \(workers) cannot be set by hand")
            }
            return made(.override, pool, count: workers, for: .seconds(3_600))
        case .pause(let pool):
            if let pool, cluster.pools[pool] == nil { throw unknown(pool: pool, cluster) }
            return made(.pause, pool ?? ControlEntry.everything, for: nil)
        case .protect(let worker):
            try check(worker, cluster)
            return made(.protect, worker, for: .seconds(3_600))
        case .leave(let worker):
            try check(worker, cluster)
            return made(.leave, worker, for: .seconds(3_600))
        case .reload: return made(.reload, "files", for: .seconds(60))
        case .clear: return nil
        }
    }

    /// A note is shown in terminals and logs: nothing in it may steer them or look like another line.
    private static func check(_ note: String) throws(ControlError) {
        if note.utf8.count > 500 { throw ControlError(.invalid, "a note has at most 500 bytes") }
        let steers = note.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            // Those that turn the direction of writing.
            case .format: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            default: false
            }
        }
        if steers { throw ControlError(.invalid, "a note is one line of text, without control characters") }
    }

    private func check(_ worker: String, _ cluster: Cluster) throws(ControlError) {
        guard cluster.workers[worker] == nil else { return }
        let known = cluster.workers.keys.sorted().prefix(20).joined(separator: ", ")
        throw ControlError(
            .unknown, "no worker '\(worker)' reports; there are: \(known.isEmpty ? "none" : known)")
    }

    private func unknown(pool: String, _ cluster: Cluster) -> ControlError {
        let known = cluster.pools.keys.sorted().joined(separator: ", ")
        return ControlError(.unknown, "there is no pool '\(pool)'; the cluster file has: \(known)")
    }
}
