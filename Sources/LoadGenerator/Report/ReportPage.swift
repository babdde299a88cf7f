import Reports
import Traffic

/// The report as one HTML page that needs nothing else: no script, no outside file.
struct ReportPage {
    let report: TrafficReport

    func html() -> String {
        HTML.page(
            title: "\(report.description.profile): load report",
            body: header + tiles + ReportPlots(report: report).html() + tables + footer)
    }

    private var header: String {
        let words = ReportWords(report: report)
        return """
            <header><div class="about"><h1>\(HTML.escaped(report.description.profile))</h1>
            <p>\(HTML.escaped(words.subject))</p><p class="sub">\(HTML.escaped(words.manner))</p></div>
            <div class="verdict\(report.verdict.isOK ? "" : " bad")">\(HTML.escaped(words.verdict))<small>\(HTML.escaped(words.verdictDetail))</small></div>
            </header>

            """
    }

    private var tiles: String {
        var tiles: [(String, String)] = [
            (Figures.count(report.counts.offered), "calls"),
            (
                Figures.count(report.counts.finished),
                "answered, \(Figures.share(ReportWords.ratio(report.counts.finished, report.counts.offered)))"
            ),
        ]
        if let latency = report.latency {
            tiles.append((Figures.duration(latency.p50Seconds), "latency p50"))
            tiles.append((Figures.duration(latency.p99Seconds), "latency p99"))
        }
        if let first = report.scaleOuts.first {
            tiles.append(
                (Figures.duration(first.reactionSeconds), "from first excess call to the first new worker's result"))
        }
        if let fleet = report.fleet, fleet.fixedWorkerSeconds > 0 {
            tiles.append((Figures.share(fleet.savedShare), "fewer worker-seconds than a fleet fixed at the peak"))
        }
        let items = tiles.map {
            "<div class=\"tile\"><b>\(HTML.escaped($0.0))</b><span>\(HTML.escaped($0.1))</span></div>"
        }
        return "<div class=\"tiles\">\(items.joined())</div>\n"
    }

    private var tables: String {
        var html = "<div class=\"pair\"><section><h2>What became of the calls</h2>\(countTable)</section>"
        html += "<section><h2>Latency</h2>\(latencyTable)</section></div>"
        html += kindTable
        if !report.reasons.isEmpty {
            html += "<h2>What the service said</h2>"
            html += table(
                ["calls", "reason"], numeric: [0], report.reasons.map { [Figures.count($0.count), $0.text] })
        }
        if !report.scaleOuts.isEmpty { html += scaleOutTable }
        if let fleet = report.fleet { html += fleetTable(fleet) }
        if !report.decisions.isEmpty { html += decisionTable }
        return html + environmentTable
    }

    private var countTable: String {
        let words = ReportWords(report: report)
        let rows = words.counts.map { row in
            "<tr\(row.isBad ? " class=\"bad\"" : "")><td>\(HTML.escaped(row.name))</td><td class=\"n\">\(Figures.count(row.count))</td>"
                + "<td class=\"sub\">\(HTML.escaped(row.meaning))</td></tr>"
        }
        return "<div class=\"wide\"><table>\(rows.joined())</table></div>"
    }

    private var kindTable: String {
        let kinds = ReportWords(report: report).kinds
        guard !kinds.isEmpty else { return "" }
        let rows = kinds.map { kind in
            [
                kind.kind.model, kind.kind.mode.rawValue, Figures.count(kind.counts.offered),
                Figures.count(kind.counts.finished), Figures.duration(kind.latency?.p50Seconds),
                Figures.duration(kind.latency?.p95Seconds), Figures.duration(kind.latency?.p99Seconds),
                Figures.duration(kind.latency?.maximumSeconds), Figures.count(kind.counts.late),
                ReportWords.troubles(kind.counts),
            ]
        }
        return "<h2>By model, and by how callers wait</h2>"
            + table(
                ["model", "callers", "calls", "answered", "p50", "p95", "p99", "largest", "late", "what went wrong"],
                numeric: [2, 3, 4, 5, 6, 7, 8], rows)
            + "<p class=\"sub\">Latency from the intended time. An asynchronous call ends when its result has been fetched.</p>"
    }

    private var environmentTable: String {
        let rows = ReportWords(report: report).environment
        guard !rows.isEmpty else { return "" }
        let cells = rows.map {
            "<tr><td>\(HTML.escaped($0.name))</td><td class=\"long\">\(HTML.escaped($0.value))</td></tr>"
        }
        return "<h2>Where and how it was run</h2><table>\(cells.joined())</table>"
    }

    private var latencyTable: String {
        guard let latency = report.latency else { return "<p>No call finished.</p>" }
        let columns: [(String, (LatencySummary) -> Double)] = [
            ("mean", \.meanSeconds), ("p50", \.p50Seconds), ("p75", \.p75Seconds), ("p90", \.p90Seconds),
            ("p95", \.p95Seconds), ("p99", \.p99Seconds), ("p99.9", \.p999Seconds), ("largest", \.maximumSeconds),
        ]
        let rows = columns.map { name, value in
            [name, Figures.duration(value(latency)), Figures.duration(report.serviceLatency.map(value))]
        }
        return table(["", "from the intended time", "from the actual send"], numeric: [1, 2], rows)
            + "<p class=\"sub\">A caller feels the first column: it counts from the moment at which the call was due, so a service or a load generator that stalls cannot hide the calls that it held up.</p>"
    }

    private var scaleOutTable: String {
        let rows = report.scaleOuts.prefix(12).map { episode in
            [
                moment(episode.excessSeconds), Figures.count(episode.workersBefore),
                Figures.duration(episode.readySeconds.map { $0 - episode.excessSeconds }),
                Figures.duration(episode.reactionSeconds),
            ]
        }
        return "<h2>From excess to relief</h2>"
            + table(
                [
                    "first call in excess", "workers ready then", "new worker seen ready after",
                    "its first result after",
                ],
                numeric: [1, 2, 3], Array(rows))
            + "<p class=\"sub\">A call is in excess when no worker is ready, or when jobs wait although every ready worker is at work.</p>"
    }

    private func fleetTable(_ fleet: FleetCost) -> String {
        var rows = fleet.pools.map { pool in
            [
                pool.name, Figures.count(pool.peakWorkers), Figures.decimal(pool.workerSeconds, 0),
                Figures.decimal(pool.fixedWorkerSeconds, 0), Figures.decimal(pool.cost, 4),
                Figures.decimal(pool.fixedCost, 4),
            ]
        }
        if rows.count > 1 {
            rows.append([
                "all", "", Figures.decimal(fleet.workerSeconds, 0), Figures.decimal(fleet.fixedWorkerSeconds, 0),
                Figures.decimal(fleet.cost, 4), Figures.decimal(fleet.fixedCost, 4),
            ])
        }
        return "<h2>What the workers cost</h2>"
            + table(
                ["pool", "most at once", "worker-seconds", "fixed at the peak", "cost", "cost fixed at the peak"],
                numeric: [1, 2, 3, 4, 5], rows)
            + "<p class=\"sub\">Over \(HTML.escaped(Figures.duration(fleet.spanSeconds))); a worker counts from its start until it is gone. Prices are those of the cluster file.</p>"
    }

    private var decisionTable: String {
        let rows = report.decisions.enumerated().map { index, decision in
            [
                "\(index + 1)", moment(decision.elapsedSeconds), decision.pool, Figures.count(decision.wanted),
                decision.reason,
            ]
        }
        return "<h2>What the scaler decided, and why</h2>"
            + table(["", "at", "pool", "wanted", "reason"], numeric: [3], rows)
    }

    private var footer: String {
        let description = report.description
        return
            "<footer>Started \(HTML.escaped(description.started)) against \(HTML.escaped(description.target)), seed \(description.seed). "
            + "Open-loop latencies are in HdrHistograms with three significant digits.</footer>"
    }

    /// The time of day of the profile with the second of the run, or only the latter.
    private func moment(_ elapsed: Double) -> String {
        guard let start = report.description.profileStartSeconds else { return Figures.duration(elapsed) }
        let clock = Figures.timeOfDay(start + elapsed * report.description.speed, showsSeconds: true)
        return "\(clock) (\(Figures.decimal(elapsed, 1)) s)"
    }

    private func table(_ head: [String], numeric: Set<Int>, _ rows: [[String]]) -> String {
        HTML.table(head, left: Set(head.indices).subtracting(numeric), rows: rows)
    }
}
