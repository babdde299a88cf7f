import GatewayCore
import Jobs
import Time

/// One entry of `model_stats`, with every member that perf_analyzer reads.
struct V2Statistics: Encodable {
    struct Measure: Encodable {
        var count = 0
        /// Nanoseconds in all.
        var ns: Int64 = 0
    }

    struct Inference: Encodable {
        var success = Measure()
        var fail = Measure()
        var queue = Measure()
        var compute_input = Measure()
        var compute_infer = Measure()
        var compute_output = Measure()
        var cache_hit = Measure()
        var cache_miss = Measure()
    }

    struct Batch: Encodable {
        var batch_size: Int
        var compute_input: Measure
        /// The times that a batch of this size was run, and the time that it took.
        var compute_infer: Measure
        var compute_output: Measure
    }

    var name: String
    var version: String
    var last_inference: Int64
    /// Rows.
    var inference_count: Int
    /// Batches.
    var execution_count = 0
    var inference_stats = Inference()
    var response_stats: [String: Int] = [:]
    var batch_stats: [Batch] = []
    var memory_usage: [Int] = []

    init(_ queue: QueueName, _ totals: CallTotals) {
        name = queue.model
        version = queue.version
        last_inference = totals.lastSettled?.milliseconds ?? 0
        inference_count = totals.rows
        let count = totals.succeeded
        inference_stats.success = Measure(count: count, totals.endToEnd)
        inference_stats.fail = Measure(count: totals.failed, totals.failedEndToEnd)
        inference_stats.queue = Measure(count: count, totals.queueWait + totals.batchWait)
        inference_stats.compute_infer = Measure(count: count, totals.compute)
        // Inputs and outputs are slices of one buffer: their share of the time is in `compute_infer`.
        inference_stats.compute_input.count = count
        inference_stats.compute_output.count = count
        batch_stats = totals.runs.sorted { $0.key < $1.key }.map { rows, runs in
            let executions = Int(min(max(1, runs.count.rounded()), 1e15))
            return Batch(
                batch_size: rows, compute_input: Measure(count: executions),
                compute_infer: Measure(count: executions, runs.compute), compute_output: Measure(count: executions))
        }
        execution_count = batch_stats.reduce(0) { $0 + $1.compute_infer.count }
    }
}

extension V2Statistics.Measure {
    init(count: Int, _ time: Duration) {
        let (ns, isTooLong) = time.wholeMicroseconds.multipliedReportingOverflow(by: 1_000)
        self.init(count: count, ns: isTooLong ? .max : ns)
    }
}
