package import Time

/// Target tracking on the backlog per instance, as AWS describes it for queues.
///
/// Once a minute `backlog = waiting / in service`, against `acceptable latency / processing time`. More instances when
/// three of three minutes were above, in proportion; fewer when fifteen were below nine tenths of it. One instance stays:
/// without any the metric has no value.
///
/// | waiting | in service | backlog | target (10 s / 0.1 s) | change |
/// |---|---|---|---|---|
/// | 1,500 | 10 | 150 | 100 | +5 |
///
/// - Source: Amazon EC2 Auto Scaling, "Scaling policy based on Amazon SQS" (worked example) and the alarms that a
///   target-tracking policy creates (3 and 15 periods).
package struct AWSBacklog: Sendable, Equatable, Codable {
    /// Default 10 s, that of the manual's example.
    package var acceptableLatency: Duration
    /// Default `nil`: as measured.
    package var processingTime: Duration?
    /// Default 60 s.
    package var period: Duration
    /// Default 3.
    package var scaleOutPeriods: Int
    /// Default 15.
    package var scaleInPeriods: Int

    package init(
        acceptableLatency: Duration = .seconds(10), processingTime: Duration? = nil, period: Duration = .seconds(60),
        scaleOutPeriods: Int = 3, scaleInPeriods: Int = 15
    ) {
        self.acceptableLatency = acceptableLatency
        self.processingTime = processingTime
        self.period = period
        self.scaleOutPeriods = scaleOutPeriods
        self.scaleInPeriods = scaleInPeriods
    }

    package struct Memory: AlgorithmMemory {
        var lastPeriod: Timestamp?
        var above = 0
        var below = 0
        /// Most instances that the last periods below the target still needed.
        var needed = 0
        var wanted: Int?

        package init() {}
    }
}

extension AWSBacklog: ScalingAlgorithm {
    package static let name = "aws-backlog"
    package static let summary =
        "AWS target tracking on the backlog per instance: waiting jobs a worker against latency over service time, once a minute."

    package static let standard = AWSBacklog()
    package static let parameters: [Parameter<AWSBacklog>] = [
        Parameter(
            "acceptable_latency", \.acceptableLatency, in: .period, "The wait that is aimed at, in jobs ahead of a job."
        ),
        Parameter(
            "processing_time", \.processingTime, in: .microseconds(1) ... .seconds(86_400), absent: "as measured",
            "Time of one job."),
        Parameter("period", \.period, in: .period, "Time between two of its looks."),
        Parameter(
            "scale_out_periods", \.scaleOutPeriods, in: 1...1_000, unit: "periods",
            "So many in a row above the target before it grows."),
        Parameter(
            "scale_in_periods", \.scaleInPeriods, in: 1...1_000, unit: "periods",
            "So many in a row below nine tenths of the target before it shrinks."),
    ]

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish {
        let minimum = max(pool.minimum, 1)
        let current = memory.wanted ?? max(pool.total, minimum)
        if let last = memory.lastPeriod, now - last < period { return PoolWish(count: current) }
        memory.lastPeriod = now
        let seconds = processingTime?.seconds ?? pool.secondsPerJob
        let target = acceptableLatency.seconds / max(seconds, 1e-9)
        // Instances that warm up are not counted into the metric.
        let backlog = pool.waiting / Double(max(pool.ready, 1))
        let exact = Double(max(pool.ready, 1)) * backlog / target
        let proportional = max(Proposals.whole(exact), minimum)
        var count = current
        memory.above = backlog > target ? memory.above + 1 : 0
        memory.needed = backlog < 0.9 * target ? max(memory.below == 0 ? 0 : memory.needed, proportional) : 0
        memory.below = backlog < 0.9 * target ? memory.below + 1 : 0
        if memory.above >= scaleOutPeriods {
            count = max(current, proportional)
        } else if memory.below >= scaleInPeriods {
            count = min(current, memory.needed)
            memory.below = 0
        }
        memory.wanted = count
        let guards =
            count == proportional ? [] : [Guard(kind: .stabilization, from: proportional, to: count)]
        return PoolWish(count: count, exact: exact, guards: guards)
    }
}
