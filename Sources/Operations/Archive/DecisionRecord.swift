package import Scaling
package import Time

/// A pool's decision as it is kept and shown: the same in Redis, in memory and over the administration API.
package struct DecisionRecord: Sendable, Equatable, Codable {
    package struct Proposal: Sendable, Equatable, Codable {
        package var proposer: String
        package var count: Int
        package var reason: String
    }

    package struct Clip: Sendable, Equatable, Codable {
        package var rule: String
        package var from: Int
        package var to: Int
        package var reason: String
    }

    package var time_ms: Int64
    package var pool: String
    package var wanted: Int
    package var before: Int?
    package var starts: Int
    package var drains: Int
    package var starting: Int
    package var ready: Int
    package var idle: Int
    package var draining: Int
    package var waiting: Double
    package var in_flight: Double
    package var due: Double
    package var work_seconds: Double
    package var arrival_rate: Double
    package var load: Double
    package var start_up_ms: Int64
    package var drain_time_ms: Int64?
    package var reason: String
    package var candidates: [Proposal]
    package var guards: [Clip]
    /// What would have given another number.
    package var instead: [String]
    /// Workers that somebody else takes away; not said where there are none.
    package var leaving: Int?
    /// Of the wanted workers; not said where they cost nothing.
    package var cost_per_hour: Double?
    /// It was decided and not done: in a dry run, and for workers that somebody else starts.
    package var dry_run: Bool

    package init(_ decision: PoolDecision, at time: Timestamp, isDone: Bool) {
        let figures = decision.figures
        time_ms = time.milliseconds
        pool = decision.pool
        wanted = decision.wanted
        before = decision.before
        starts = decision.starts
        drains = decision.drains
        starting = figures.starting
        ready = figures.busy + figures.idle
        idle = figures.idle
        draining = figures.draining
        waiting = figures.waiting
        in_flight = figures.inFlight
        due = figures.due
        work_seconds = Self.rounded(figures.work.seconds)
        arrival_rate = Self.rounded(figures.arrivalRate)
        load = Self.rounded(figures.load)
        start_up_ms = figures.startUp.wholeMilliseconds
        drain_time_ms = figures.drainTime?.wholeMilliseconds
        reason = decision.reason
        candidates = decision.candidates.map {
            Proposal(proposer: $0.proposer.rawValue, count: $0.count, reason: decision.text(of: $0))
        }
        guards = decision.guards.map { Clip(rule: $0.kind.rawValue, from: $0.from, to: $0.to, reason: $0.text) }
        instead = decision.alternatives
        leaving = figures.leaving.flatMap { $0 > 0 ? $0 : nil }
        cost_per_hour = figures.costPerHour.flatMap { $0 > 0 ? Self.rounded($0) : nil }
        dry_run = !isDone
    }

    /// To six digits, within what JSON can hold.
    private static func rounded(_ value: Double) -> Double {
        guard value.isFinite else { return value < 0 ? -1e15 : 1e15 }
        return abs(value) < 1e9 ? (value * 1e6).rounded() / 1e6 : value
    }
}
