import Batching
import Observability
import WorkerCore

/// One model's instruments, looked up once.
struct ModelMeters: Sendable {
    typealias Ending = ReleaseRules.Ending

    let batchRows: Histogram
    let rows: Counter
    let queueWait: Histogram
    let batchWait: Histogram
    let compute: Histogram
    let joiningStopped: Counter
    private let batches: [CloseReason: Counter]
    private let endings: [Ending: Counter]

    init(model: String, in series: WorkerSeries) {
        batchRows = series.batchRows(model: model)
        rows = series.rows(model: model)
        queueWait = series.queueWait(model: model)
        batchWait = series.batchWait(model: model)
        compute = series.compute(model: model)
        joiningStopped = series.joiningStopped(model: model)
        batches = Dictionary(
            uniqueKeysWithValues: CloseReason.allCases.map { ($0, series.batches(model: model, reason: $0.rawValue)) })
        endings = Dictionary(
            uniqueKeysWithValues: Ending.allCases.map { ($0, series.jobs(model: model, ending: $0.rawValue)) })
    }

    func closed(rows count: Int, reason: CloseReason) {
        batches[reason]?.increment()
        batchRows.record(count)
        rows.increment(by: count)
    }

    func ended(_ ending: Ending) { endings[ending]?.increment() }
}
