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
        var compute_input = Measure()
        var compute_infer: Measure
        var compute_output = Measure()
    }

    var name: String
    var version: String
    var last_inference: Int64
    /// Rows.
    var inference_count: Int
    /// Batches.
    var execution_count: Int
    var inference_stats = Inference()
    var response_stats: [String: Int] = [:]
    var batch_stats: [Batch] = []
    var memory_usage: [Int] = []

    init(_ queue: QueueName, _ totals: CallStatistics.Totals) {
        name = queue.model
        version = queue.version
        last_inference = totals.lastSettled?.milliseconds ?? 0
        inference_count = totals.rows
        execution_count = Int(totals.batches.rounded(.up))
        let count = totals.succeeded
        inference_stats.success = Measure(count: count, ns: totals.endToEnd.wholeMicroseconds * 1_000)
        inference_stats.fail = Measure(count: totals.failed, ns: totals.failedEndToEnd.wholeMicroseconds * 1_000)
        inference_stats.queue = Measure(
            count: count, ns: (totals.queueWait + totals.batchWait).wholeMicroseconds * 1_000)
        inference_stats.compute_infer = Measure(count: count, ns: totals.compute.wholeMicroseconds * 1_000)
        inference_stats.compute_input.count = count
        inference_stats.compute_output.count = count
        batch_stats = totals.byBatchRows.sorted { $0.key < $1.key }.map { rows, sum in
            Batch(batch_size: rows, compute_infer: Measure(count: sum.jobs, ns: sum.compute.wholeMicroseconds * 1_000))
        }
    }
}
