import Jobs
import Time

/// What one gateway knows of one queue between two answers of Redis: how many jobs it holds, and how fast they
/// leave. A value; `Admission` keeps one per queue behind a lock.
struct QueueGauge: Sendable {
    /// Jobs in all lanes: the last full count, and what this gateway saw since.
    private var total = 0
    /// Entries per lane at the last submit to it; `nil` where there was none since the last full count.
    private var held: [Int?] = Array(repeating: nil, count: PriorityClass.allCases.count)
    /// Submits that are under way.
    private var submitting = 0
    private var rate = CompletionRate()
    /// Exponentially weighted over about the last ten settled jobs.
    private var typicalSojourn: Duration?

    init() {}

    /// Jobs that the queue may hold: never below what this gateway submitted and has not seen settled. It may be too high
    /// (others settle, too), so a full count is asked for before a request is refused for it.
    var estimate: Int { max(total, held.reduce(0) { $0 + ($1 ?? 0) }) + submitting }

    mutating func submitStarted() { submitting += 1 }

    /// - Parameter depth: entries in the lane at the answer; `nil` when the submit failed.
    mutating func submitEnded(_ priority: PriorityClass, depth: Int?) {
        submitting -= 1
        guard let depth else { return }
        let lane = Int(priority.rawValue)
        // What left the lane meanwhile shows in its depth, whoever it was for.
        total = max(held[lane].map { total + depth - $0 } ?? total + 1, depth)
        held[lane] = depth
    }

    /// - Parameter sojourn: from the job's submit until it was settled.
    mutating func settled(_ priority: PriorityClass, sojourn: Duration, now: Timestamp) {
        let lane = Int(priority.rawValue)
        held[lane] = held[lane].map { max(0, $0 - 1) }
        total = max(0, total - 1)
        rate.record(at: now)
        let weight = 0.1
        typicalSojourn = typicalSojourn.map { $0 * (1 - weight) + sojourn * weight } ?? sojourn
    }

    /// A fresh count of the whole queue replaces what was pieced together.
    mutating func refresh(_ depth: QueueDepth) {
        held = Array(repeating: nil, count: held.count)
        total = depth.total
    }

    /// How long a job submitted now would take: what one took lately, and the jobs before it at the best rate of the
    /// last ten seconds (the mean rate of a quiet queue says how little came, not how much it can). `nil` while
    /// nothing was settled lately.
    ///
    /// Example: 2,001 jobs held, 500 a second settled at best, 40 ms each lately: 4.04 s.
    func expectedWait(now: Timestamp) -> Duration? {
        guard let typicalSojourn, let perSecond = rate.best(now: now) else { return nil }
        return typicalSojourn + .milliseconds(Int64(Double(max(0, estimate - 1)) / perSecond * 1_000))
    }
}

/// Completions in each of the last ten seconds.
struct CompletionRate: Sendable {
    private static let slots = 10
    private var counts = Array(repeating: 0, count: slots)
    private var newest: Int64 = 0

    mutating func record(at now: Timestamp) {
        advance(to: now.microseconds / 1_000_000)
        counts[Int(newest % Int64(Self.slots))] += 1
    }

    /// The best second; `nil` while there was none.
    func best(now: Timestamp) -> Double? {
        let second = now.microseconds / 1_000_000
        guard second - newest < Int64(Self.slots), let best = counts.max(), best > 0 else { return nil }
        return Double(best)
    }

    private mutating func advance(to second: Int64) {
        guard second > newest else { return }
        for missed in 1...min(second - newest, Int64(Self.slots)) {
            counts[Int((newest + missed) % Int64(Self.slots))] = 0
        }
        newest = second
    }
}
