import Time

/// Collects what happens to the calls of a run and turns it into a report.
///
/// A value without a clock: every event brings its time, counted from the run's start. Memory is bounded by the length
/// of the run (one `SecondSample` a second, thinned cluster samples), not by the number of calls.
package struct TrafficRecorder: Sendable {
    package private(set) var counts = TrafficCounts()
    package private(set) var samples: [ClusterSample] = []
    package private(set) var decisions: [DecisionMark] = []
    private var latency = LatencyRecorder()
    private var serviceLatency = LatencyRecorder()
    private var secondLatency = LatencyRecorder()
    /// Of the running interval of the live line, and what the last full one came to.
    private var intervalLatency = LatencyRecorder()
    private var lastInterval: TrafficProgress.Percentiles?
    private var kinds = KindRecorder()
    private var newestReason: String?
    private var seconds: [SecondSample] = [SecondSample(second: 0)]
    private var scaleOuts = ScaleOutTracker()
    private var reasons: [String: Int] = [:]
    private let deadline: Duration?

    /// Samples beyond this are thinned to every second one, again and again; 250 ms apart this is over an hour.
    package static let maximumSamples = 16_384
    package static let maximumDecisions = 1_000
    /// Distinct texts of failures that are kept; the rest is counted under one name.
    package static let maximumReasons = 20
    /// How long an interval is of which a live line shows percentiles.
    package static let intervalSeconds = 5
    /// A run longer than this keeps its counts and loses its later seconds.
    package static let maximumSeconds = 7 * 86_400

    /// - Parameter deadline: A call that finishes later than this after its intended time is late; `nil`: none is.
    package init(deadline: Duration?) { self.deadline = deadline }

    /// A call was due to be sent at `intended`.
    package mutating func arrived(intended: Duration, kind: CallKind? = nil) {
        counts.offered += 1
        if let kind { kinds.arrived(kind) }
        advance(to: intended)
        seconds[index(of: intended)].arrivals += 1
        scaleOuts.arrived(at: intended)
    }

    /// The service took on a call (202, or any result); counted once a call.
    package mutating func accepted(kind: CallKind? = nil) {
        counts.accepted += 1
        if let kind { kinds.accepted(kind) }
    }

    /// A request was answered with 429 or 503.
    package mutating func refusedOnce() { counts.refusals += 1 }

    /// A request was sent again.
    package mutating func retried() { counts.retried += 1 }

    /// A submit was repeated on purpose.
    package mutating func resubmitted() { counts.resubmitted += 1 }

    /// A call came to its end at `now`.
    ///
    /// - Parameters:
    ///   - check: Whether its answer, if one came, was compared with an expected one.
    ///   - intended: When it was meant to be sent. Latency counts from here, so that a stalled generator or service
    ///     cannot hide the calls that it held up (coordinated omission, see wrk2).
    ///   - sent: When its first request left; `nil` if none did.
    package mutating func settled(
        _ ending: CallEnding, kind: CallKind? = nil, check: AnswerCheck = .compared, intended: Duration,
        sent: Duration?, at now: Duration
    ) {
        counts.add(ending, check: check)
        advance(to: now)
        let fromIntended = now - intended
        if let kind {
            kinds.settled(ending, kind, check: check, latency: fromIntended, deadline: deadline)
        }
        switch ending {
        case .right, .refused, .expired, .unsent, .interrupted: break
        case .wrong(let reason), .duplicated(let reason), .failed(let reason), .lost(let reason),
            .unanswered(let reason):
            note(reason)
        }
        guard ending.isFinished else { return }
        latency.record(fromIntended)
        intervalLatency.record(fromIntended)
        secondLatency.record(fromIntended)
        if let sent { serviceLatency.record(now - sent) }
        if let deadline, fromIntended > deadline { counts.late += 1 }
        seconds[index(of: now)].completions += 1
        scaleOuts.finished(at: now)
    }

    /// - Parameter answered: Ids of the workers that have answered at least once, if the cluster names them.
    package mutating func sampled(_ sample: ClusterSample, answered: Set<String>? = nil, at now: Duration) {
        advance(to: now)
        scaleOuts.sampled(ready: sample.ready, waiting: sample.waiting, answered: answered, at: now)
        if samples.count >= Self.maximumSamples {
            samples = samples.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        }
        samples.append(sample)
    }

    package mutating func decided(_ decision: DecisionMark) {
        if decisions.count < Self.maximumDecisions { decisions.append(decision) }
    }

    /// The state of the run right now, for a live line. Percentiles are those of the last full interval;
    /// in the first one, of what came so far.
    package func progress(at now: Duration) -> TrafficProgress {
        let last = seconds.dropLast().last
        return TrafficProgress(
            elapsed: now, counts: counts, arrivalsPerSecond: last?.arrivals ?? 0,
            completionsPerSecond: last?.completions ?? 0, sample: samples.last,
            recent: seconds.count > Self.intervalSeconds ? lastInterval : .init(intervalLatency),
            newestReason: newestReason)
    }

    package func report(
        _ description: TrafficReport.Description, conclusion: TrafficReport.Conclusion = .complete, at now: Duration
    ) -> TrafficReport {
        var closing = self
        closing.advance(to: now)
        closing.closeSecond()
        return TrafficReport(
            description: description, durationSeconds: now.seconds, counts: counts, conclusion: conclusion,
            verdict: TrafficVerdict(counts, isStopped: conclusion == .stopped),
            kinds: kinds.kinds, latency: latency.summary(), serviceLatency: serviceLatency.summary(),
            reasons: reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                TrafficReport.Reason(text: $0.key, count: $0.value)
            },
            seconds: closing.seconds, samples: samples,
            decisions: decisions.sorted { $0.elapsedSeconds < $1.elapsedSeconds },
            scaleOuts: scaleOuts.episodes, fleet: FleetCost(samples))
    }

    /// A request failed; its call may still go on. For the live line only.
    package mutating func failedOnce(_ reason: String) { newestReason = reason }

    private mutating func note(_ reason: String) {
        newestReason = reason
        let known = reasons[reason] != nil || reasons.count < Self.maximumReasons
        reasons[known ? reason : "other reasons", default: 0] += 1
    }

    /// The place of `elapsed` in `seconds`. Events come nearly in order; one that is earlier than the current second
    /// is counted in its own.
    private func index(of elapsed: Duration) -> Int {
        min(max(0, Int(clamping: elapsed.components.seconds)), seconds.count - 1)
    }

    private mutating func advance(to now: Duration) {
        let wanted = Int(clamping: min(now.components.seconds, Int64(Self.maximumSeconds)))
        while seconds.count <= wanted {
            closeSecond()
            seconds.append(SecondSample(second: seconds.count))
        }
    }

    private mutating func closeSecond() {
        let last = seconds.count - 1
        seconds[last].open = counts.open
        seconds[last].p50Seconds = secondLatency.value(atPercentile: 50)?.seconds
        seconds[last].p95Seconds = secondLatency.value(atPercentile: 95)?.seconds
        seconds[last].p99Seconds = secondLatency.value(atPercentile: 99)?.seconds
        if secondLatency.count > 0 { secondLatency.reset() }
        guard (last + 1).isMultiple(of: Self.intervalSeconds) else { return }
        lastInterval = .init(intervalLatency)
        if intervalLatency.count > 0 { intervalLatency.reset() }
    }
}

/// How a run stands at one moment.
package struct TrafficProgress: Sendable {
    package var elapsed: Duration
    package var counts: TrafficCounts
    /// Arrivals and completions in the last full second.
    package var arrivalsPerSecond: Int
    package var completionsPerSecond: Int
    package var sample: ClusterSample?
    /// Of the calls that finished in the last full interval; `nil` when none did.
    package var recent: Percentiles?
    /// Why the newest request that failed did.
    package var newestReason: String?

    package struct Percentiles: Sendable, Equatable {
        package var p50: Duration
        package var p95: Duration
        package var p99: Duration

        init?(_ latency: LatencyRecorder) {
            guard let p50 = latency.value(atPercentile: 50), let p95 = latency.value(atPercentile: 95),
                let p99 = latency.value(atPercentile: 99)
            else { return nil }
            (self.p50, self.p95, self.p99) = (p50, p95, p99)
        }
    }
}
