/// What is told apart in a report: which model a call was for, and how its caller waited.
package struct CallKind: Sendable, Hashable, Codable {
    package enum Mode: String, Sendable, Codable {
        case synchronous
        case asynchronous
    }

    package var model: String
    package var mode: Mode

    package init(model: String, mode: Mode) {
        self.model = model
        self.mode = mode
    }
}

/// Whether an answer was compared with one that a recording expects.
package enum AnswerCheck: Sendable {
    case compared
    /// Nothing is expected: any result counts as right, and nobody knows whether it is.
    case notCompared
}

/// Counts and latencies of the calls of each kind.
struct KindRecorder: Sendable {
    private struct Account {
        var counts = TrafficCounts()
        var latency = LatencyRecorder()
    }

    private var accounts: [CallKind: Account] = [:]

    /// Kinds that are told apart, about 200 KB each; the calls of further ones count under `others`.
    static let maximumKinds = 32
    static let others = "other models"

    private func place(_ kind: CallKind) -> CallKind {
        let isKnown = accounts[kind] != nil || accounts.count < Self.maximumKinds
        return isKnown ? kind : CallKind(model: Self.others, mode: kind.mode)
    }

    mutating func arrived(_ kind: CallKind) { accounts[place(kind), default: Account()].counts.offered += 1 }

    mutating func accepted(_ kind: CallKind) { accounts[place(kind), default: Account()].counts.accepted += 1 }

    /// - Parameter latency: from the intended time; counts where the call finished.
    mutating func settled(
        _ ending: CallEnding, _ kind: CallKind, check: AnswerCheck, latency: Duration, deadline: Duration?
    ) {
        accounts[place(kind), default: Account()].counts.add(ending, check: check)
        guard ending.isFinished else { return }
        accounts[place(kind), default: Account()].latency.record(latency)
        if let deadline, latency > deadline { accounts[place(kind), default: Account()].counts.late += 1 }
    }

    /// In the order of their names.
    var kinds: [TrafficReport.Kind] {
        accounts.sorted { ($0.key.model, $0.key.mode.rawValue) < ($1.key.model, $1.key.mode.rawValue) }.map {
            TrafficReport.Kind(kind: $0.key, counts: $0.value.counts, latency: $0.value.latency.summary())
        }
    }
}
