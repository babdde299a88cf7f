/// What became of the jobs.
struct Tally: Sendable {
    var arrived = 0
    var finished = 0
    var onTime = 0
    var expired = 0
    /// Given back by workers that were killed.
    var returned = 0
    /// Batches that ran.
    var batches = 0
    /// Worker-seconds spent in batches, by pool.
    var busySeconds: [Double]
    var waits = WaitHistogram()
    var latencies = WaitHistogram()
    /// Waits since the last sample.
    var recentWaits = WaitHistogram(precision: 4)

    init(pools: Int) { busySeconds = Array(repeating: 0, count: pools) }

    mutating func finish(_ count: Int, arrival: Int64, started: Int64, ended: Int64, deadline: Int64) {
        finished += count
        if ended - arrival <= deadline { onTime += count }
        waits.record(started - arrival, count: count)
        recentWaits.record(started - arrival, count: count)
        latencies.record(ended - arrival, count: count)
    }
}
