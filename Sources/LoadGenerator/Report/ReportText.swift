import Reports
import Traffic

/// The report on a screen, in plain text at most 79 columns wide, so that nothing wraps or is cut at 80.
struct ReportText {
    let report: TrafficReport

    static let width = 79

    func text() -> String {
        let words = ReportWords(report: report)
        var lines = [""]
        for line in [
            "\(report.description.profile): \(words.verdict)", words.verdictDetail, words.subject, words.manner,
        ] {
            lines += Self.wrapped(line)
        }
        lines.append("")
        for row in words.counts where row.count > 0 || ["lost", "duplicated", "wrong"].contains(row.name) {
            lines.append("  \(left(row.name, 12))\(right(Figures.count(row.count), 10))  \(row.meaning)")
        }
        lines += latency + kinds(words) + relief + cost
        if !report.reasons.isEmpty {
            lines.append("")
            for reason in report.reasons.prefix(8) {
                lines += Self.wrapped(
                    reason.text, first: "\(right(Figures.count(reason.count), 8)) × ", indent: 11)
            }
        }
        let environment = words.environment
        if !environment.isEmpty { lines.append("") }
        for row in environment { lines += Self.wrapped(row.value, first: left(row.name, 13), indent: 13) }
        return lines.joined(separator: "\n") + "\n"
    }

    private var latency: [String] {
        guard let latency = report.latency else { return [] }
        let columns: [(String, (LatencySummary) -> Double)] = [
            ("p50", \.p50Seconds), ("p90", \.p90Seconds), ("p95", \.p95Seconds), ("p99", \.p99Seconds),
            ("p99.9", \.p999Seconds), ("largest", \.maximumSeconds),
        ]
        let head = "  latency   from the intended time" + (report.serviceLatency == nil ? "" : "  from the actual send")
        return ["", head]
            + columns.map { name, value in
                let service = report.serviceLatency.map { right(Figures.duration(value($0)), 22) } ?? ""
                return "  \(left(name, 8))\(right(Figures.duration(value(latency)), 24))\(service)"
            }
    }

    private func kinds(_ words: ReportWords) -> [String] {
        guard !words.kinds.isEmpty else { return [] }
        var lines = [
            "",
            "  \(left("by model", 25))\(right("calls", 10))" + ["p50", "p95", "p99"].map { right($0, 13) }.joined(),
        ]
        for kind in words.kinds {
            let name = "\(kind.kind.model.prefix(18)) \(kind.kind.mode == .synchronous ? "sync" : "async")"
            let latency = [kind.latency?.p50Seconds, kind.latency?.p95Seconds, kind.latency?.p99Seconds]
            lines.append(
                "  \(left(name, 25))\(right(Figures.count(kind.counts.offered), 10))"
                    + latency.map { right(Figures.duration($0), 13) }.joined())
            let troubles = ReportWords.troubles(kind.counts)
            if !troubles.isEmpty { lines += Self.wrapped("    \(troubles)", indent: 4) }
        }
        return lines
    }

    private var relief: [String] {
        guard let first = report.scaleOuts.first else { return [] }
        let before = first.workersBefore == 0 ? "no worker was ready" : "\(first.workersBefore) ready"
        return [""]
            + Self.wrapped(
                "  first new worker's result \(Figures.duration(first.reactionSeconds)) after the first call in excess (\(before) then)",
                indent: 2)
    }

    private var cost: [String] {
        guard let fleet = report.fleet, fleet.fixedWorkerSeconds > 0 else { return [] }
        let money =
            fleet.fixedCost > 0
            ? "; cost \(Figures.decimal(fleet.cost, 4)) instead of \(Figures.decimal(fleet.fixedCost, 4))" : ""
        return Self.wrapped(
            "  \(Figures.decimal(fleet.workerSeconds, 0)) worker-seconds; a fleet fixed at the peak takes \(Figures.decimal(fleet.fixedWorkerSeconds, 0)) (\(Figures.share(fleet.savedShare)) saved)\(money)",
            indent: 2)
    }

    /// `text` in lines of at most `width` columns, cut between words; a word that is longer stays whole.
    /// - Parameters:
    ///   - first: What the first line begins with, as it is.
    ///   - indent: Of the lines after the first.
    static func wrapped(_ text: String, first: String = "", indent: Int = 0) -> [String] {
        var lines: [String] = []
        var line = first + text.prefix { $0 == " " }
        var hasWord = false
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            if hasWord, line.count + 1 + word.count > width {
                lines.append(line)
                line = String(repeating: " ", count: indent)
                hasWord = false
            }
            line += (hasWord ? " " : "") + word
            hasWord = true
        }
        return lines + [line]
    }

    private func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
