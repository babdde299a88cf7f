import Jobs
import Operations
import Synchronization
import Time

/// Operators' settings, decisions and counts in memory.
final class FakeStore: ControlStore, DecisionArchive, TrafficLedger {
    struct State {
        var entries: [ControlEntry] = []
        var policies: [String: String] = [:]
        var looks: [RecordedLook] = []
        var arrivals: [QueueName: [Int64: Int]] = [:]
        var usage: [Int64: [UsageKey: Int64]] = [:]
        var isAway = false
        var isLed = false
    }

    let state = Mutex(State())

    /// As recorded, oldest first.
    var decisions: [String] { state.withLock { $0.looks.flatMap(\.decisions) } }

    private func use<R>(_ body: (inout sending State) -> sending R) throws(QueueError) -> R {
        if state.withLock({ $0.isAway }) { throw QueueError(.unavailable, "the test took the store away") }
        return state.withLock(body)
    }

    func control() async throws(QueueError) -> ControlState { ControlState(try use { $0.entries }) }

    func set(_ entry: ControlEntry) async throws(QueueError) {
        try use { state in
            state.entries.removeAll { $0.kind == entry.kind && $0.subject == entry.subject }
            state.entries.append(entry)
        }
    }

    func clear(_ kind: ControlEntry.Kind, _ subject: String) async throws(QueueError) -> Bool {
        try use { state in
            let count = state.entries.count
            state.entries.removeAll { $0.kind == kind && $0.subject == subject }
            return state.entries.count < count
        }
    }

    func remove(_ entry: ControlEntry) async throws(QueueError) -> Bool {
        try use { state in
            let count = state.entries.count
            state.entries.removeAll { $0 == entry }
            return state.entries.count < count
        }
    }

    func isLed() async throws(QueueError) -> Bool { try use { $0.isLed } }

    func keep(policy json: String) async throws(QueueError) -> String {
        try use { state in
            let hash = "\(json.utf8.reduce(into: UInt64(5381)) { $0 = $0 &* 33 &+ UInt64($1) })"
            state.policies[hash] = json
            return hash
        }
    }

    func append(_ look: RecordedLook) async throws(QueueError) { try use { $0.looks.append(look) } }

    func decisions(from: Timestamp, to: Timestamp, limit: Int) async throws(QueueError) -> [String] {
        try use { state in
            Array(state.looks.reversed().filter { from <= $0.time && $0.time <= to }.flatMap(\.decisions).prefix(limit))
        }
    }

    func look(notAfter time: Timestamp) async throws(QueueError) -> RecordedLook? {
        try use { $0.looks.last { $0.time <= time } }
    }

    func policy(_ hash: String) async throws(QueueError) -> String? { try use { $0.policies[hash] } }

    func add(_ arrivals: [QueueName: Int], at time: Timestamp) async throws(QueueError) {
        try use { state in
            for (queue, count) in arrivals {
                state.arrivals[queue, default: [:]][time.microseconds / 60_000_000, default: 0] += count
            }
        }
    }

    func arrivals(at queue: QueueName, from: Timestamp, minutes: Int) async throws(QueueError) -> [Int?] {
        try use { state in
            let first = from.microseconds / 60_000_000
            return (first..<(first + Int64(minutes))).map { state.arrivals[queue]?[$0] }
        }
    }

    func add(_ usage: [UsageKey: Int64], at time: Timestamp) async throws(QueueError) {
        try use { state in
            state.usage[time.microseconds / 3_600_000_000, default: [:]].merge(usage) { $0 + $1 }
        }
    }

    func usage(from: Timestamp, to: Timestamp) async throws(QueueError) -> [UsageHour] {
        try use { state in
            state.usage.sorted { $0.key < $1.key }.map {
                UsageHour(starts: Timestamp(microseconds: $0.key * 3_600_000_000), amounts: $0.value)
            }
        }
    }
}
