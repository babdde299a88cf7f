/// Everything that is told about a run, in the form in which it is written as JSON: units are in the names.
package struct TrafficReport: Sendable, Equatable, Codable {
    /// What was run.
    package struct Description: Sendable, Equatable, Codable {
        package enum Loop: String, Sendable, Codable {
            /// Calls are sent at their intended time whatever became of earlier ones.
            case open
            /// Each connection sends its next call when the last one is answered. Such latencies say nothing of how a
            /// service behaves under a given load, because a slow service slows the load.
            case closed
        }

        package var profile: String
        package var model: String
        package var target: String
        package var loop: Loop
        /// Closed loop only.
        package var connections: Int?
        /// Open loop only.
        package var process: ArrivalProcess?
        package var speed: Double
        /// What `speed` kept; open loop only.
        package var compression: ArrivalProfile.Compression?
        package var seed: UInt64
        /// The share of calls that asked for an asynchronous answer, 0 to 1.
        package var asynchronousShare: Double
        package var deadlineSeconds: Double?
        package var expectedCalls: Double?
        /// The time of day of the profile's first point, in seconds since midnight; open loop only.
        package var profileStartSeconds: Double?
        /// When the run began, ISO 8601.
        package var started: String
        /// `nil` in reports of earlier versions.
        package var environment: RunEnvironment?

        package init(
            profile: String, model: String, target: String, loop: Loop, connections: Int? = nil,
            process: ArrivalProcess? = nil, speed: Double = 1, compression: ArrivalProfile.Compression? = nil,
            seed: UInt64 = 0, asynchronousShare: Double = 0, deadlineSeconds: Double? = nil,
            expectedCalls: Double? = nil, profileStartSeconds: Double? = nil, started: String = "",
            environment: RunEnvironment? = nil
        ) {
            self.profile = profile
            self.model = model
            self.target = target
            self.loop = loop
            self.connections = connections
            self.process = process
            self.speed = speed
            self.compression = compression
            self.seed = seed
            self.asynchronousShare = asynchronousShare
            self.deadlineSeconds = deadlineSeconds
            self.expectedCalls = expectedCalls
            self.profileStartSeconds = profileStartSeconds
            self.started = started
            self.environment = environment
        }
    }

    /// A text that came with calls that did not end well, and how many it came with.
    package struct Reason: Sendable, Equatable, Codable {
        package var text: String
        package var count: Int

        package init(text: String, count: Int) {
            self.text = text
            self.count = count
        }
    }

    /// What became of the calls of one kind.
    package struct Kind: Sendable, Equatable, Codable {
        package var kind: CallKind
        package var counts: TrafficCounts
        /// From the intended time of sending to the answer; `nil` when nothing finished.
        package var latency: LatencySummary?

        package init(kind: CallKind, counts: TrafficCounts, latency: LatencySummary?) {
            self.kind = kind
            self.counts = counts
            self.latency = latency
        }
    }

    package enum Conclusion: String, Sendable, Codable {
        case complete
        /// Somebody ended the run before its end; the report tells what came until then.
        case stopped
    }

    package var description: Description
    package var durationSeconds: Double
    package var counts: TrafficCounts
    /// `nil` in reports of earlier versions.
    package var conclusion: Conclusion?
    package var verdict: TrafficVerdict
    /// By model and by how callers waited; `nil` in reports of earlier versions.
    package var kinds: [Kind]?
    /// From the intended time of sending to the answer; `nil` when nothing finished.
    package var latency: LatencySummary?
    /// From the actual time of sending to the answer.
    package var serviceLatency: LatencySummary?
    package var reasons: [Reason]
    package var seconds: [SecondSample]
    package var samples: [ClusterSample]
    package var decisions: [DecisionMark]
    package var scaleOuts: [ScaleOutEpisode]
    /// `nil` when the cluster was not observed.
    package var fleet: FleetCost?

    package init(
        description: Description, durationSeconds: Double, counts: TrafficCounts, conclusion: Conclusion = .complete,
        verdict: TrafficVerdict, kinds: [Kind] = [], latency: LatencySummary?, serviceLatency: LatencySummary?,
        reasons: [Reason] = [], seconds: [SecondSample],
        samples: [ClusterSample] = [], decisions: [DecisionMark] = [], scaleOuts: [ScaleOutEpisode] = [],
        fleet: FleetCost? = nil
    ) {
        self.description = description
        self.durationSeconds = durationSeconds
        self.counts = counts
        self.conclusion = conclusion
        self.verdict = verdict
        self.kinds = kinds
        self.latency = latency
        self.serviceLatency = serviceLatency
        self.reasons = reasons
        self.seconds = seconds
        self.samples = samples
        self.decisions = decisions
        self.scaleOuts = scaleOuts
        self.fleet = fleet
    }

    /// Finished calls per second of the run.
    package var finishedPerSecond: Double { durationSeconds > 0 ? Double(counts.finished) / durationSeconds : 0 }
}

/// One second of a run.
package struct SecondSample: Sendable, Equatable, Codable {
    /// Counted from 0.
    package var second: Int
    package var arrivals = 0
    package var completions = 0
    /// Calls that had arrived and were not settled at its end.
    package var open = 0
    /// Latency from the intended time of the calls that finished in it; `nil` when none did.
    package var p50Seconds: Double?
    package var p95Seconds: Double?
    package var p99Seconds: Double?

    package init(second: Int) { self.second = second }
}
