package import Jobs
package import Time

/// Recorded arrivals as text that `spate simulate --trace` reads.
///
/// JSON lines: a header `{"spate_trace":1,"step_ms":1000,"start_ms":1780293600000}`, then one object for each step and
/// model with arrivals, `{"t_ms":0,"model":"digits.1","count":12}`, where `t_ms` counts from the start. A last line with
/// `"end":true` says how long the recording is. CSV: `time,count`, seconds since 1970, all models together, each step.
package struct TraceLines: Sendable {
    package enum Format: String, Sendable, CaseIterable { case jsonl, csv }

    private let format: Format
    private let step: Duration
    private let start: Timestamp

    package init(_ format: Format, step: Duration, start: Timestamp) {
        self.format = format
        self.step = step
        self.start = start
    }

    package var header: String {
        switch format {
        case .jsonl:
            #"{"spate_trace":1,"step_ms":\#(step.wholeMilliseconds),"start_ms":\#(start.milliseconds)}"# + "\n"
        case .csv: "time,count\n"
        }
    }

    /// The lines of step number `index`, counted from 0.
    package func lines(_ index: Int, _ arrivals: [QueueName: Int]) -> String {
        let offset = step.wholeMilliseconds * Int64(index)
        switch format {
        case .jsonl:
            // Names hold no character that JSON would escape.
            return arrivals.filter { $0.value > 0 }.sorted { $0.key.description < $1.key.description }.map {
                #"{"t_ms":\#(offset),"model":"\#($0.key)","count":\#($0.value)}"# + "\n"
            }.joined()
        case .csv:
            let seconds = Double(start.milliseconds + offset) / 1_000
            let time = seconds == seconds.rounded() ? "\(Int64(seconds))" : "\(seconds)"
            return "\(time),\(arrivals.values.reduce(0, +))\n"
        }
    }

    /// After `steps` steps.
    package func footer(_ steps: Int) -> String {
        switch format {
        case .jsonl: #"{"t_ms":\#(step.wholeMilliseconds * Int64(steps)),"end":true}"# + "\n"
        case .csv: ""
        }
    }
}
