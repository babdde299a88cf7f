import Reports
import Traffic

/// The report on a screen, in plain text at most 100 columns wide.
struct ReportText {
    let report: TrafficReport

    func text() -> String {
        let words = ReportWords(report: report)
        var lines = ["", "\(report.description.profile): \(words.verdict)", words.subject, words.manner, ""]
        for row in words.counts where row.count > 0 || ["lost", "duplicated", "wrong"].contains(row.name) {
            lines.append("  \(left(row.name, 12))\(right(Figures.count(row.count), 10))  \(row.meaning)")
        }
        if let latency = report.latency {
            lines.append("")
            lines.append(
                "  latency               "
                    + ["p50", "p90", "p95", "p99", "p99.9", "largest"].map { right($0, 10) }.joined())
            lines.append("  from the intended time" + percentiles(latency))
            if let service = report.serviceLatency { lines.append("  from the actual send  " + percentiles(service)) }
        }
        lines += relief + cost
        if !report.reasons.isEmpty {
            lines.append("")
            lines += report.reasons.prefix(8).map { "  \(right(Figures.count($0.count), 8)) × \($0.text.prefix(80))" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func percentiles(_ summary: LatencySummary) -> String {
        let values = [
            summary.p50Seconds, summary.p90Seconds, summary.p95Seconds, summary.p99Seconds, summary.p999Seconds,
            summary.maximumSeconds,
        ]
        return values.map { right(Figures.duration($0), 10) }.joined()
    }

    private var relief: [String] {
        guard let first = report.scaleOuts.first else { return [] }
        let before = first.workersBefore == 0 ? "no worker was ready" : "\(first.workersBefore) ready"
        return [
            "",
            "  first new worker's result \(Figures.duration(first.reactionSeconds)) after the first call in excess (\(before) then)",
        ]
    }

    private var cost: [String] {
        guard let fleet = report.fleet, fleet.fixedWorkerSeconds > 0 else { return [] }
        let money =
            fleet.fixedCost > 0
            ? "; cost \(Figures.decimal(fleet.cost, 4)) instead of \(Figures.decimal(fleet.fixedCost, 4))" : ""
        return [
            "  \(Figures.decimal(fleet.workerSeconds, 0)) worker-seconds; a fleet fixed at the peak takes \(Figures.decimal(fleet.fixedWorkerSeconds, 0)) (\(Figures.share(fleet.savedShare)) saved)\(money)"
        ]
    }

    private func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
