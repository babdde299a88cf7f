/// Comparisons as one HTML page that needs nothing else: no script, no outside file.
package struct SimulationPage: Sendable {
    private let comparisons: [Comparison]
    private let footnote: String?

    /// - Parameter footnote: for example how far the last simulation was from reality.
    package init(_ comparisons: [Comparison], footnote: String? = nil) {
        self.comparisons = comparisons
        self.footnote = footnote
    }

    package func html() -> String {
        let title = comparisons.count == 1 ? comparisons.first?.scenario ?? "" : "\(comparisons.count) traces"
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>\(HTML.escaped(title)): simulation</title>
            <style>\(Self.css)</style></head><body><main>
            <h1>What if: \(HTML.escaped(title))</h1>
            \(suite)\(comparisons.map(section).joined())
            <footer>\(legend)\(footnote.map { "<p>\(HTML.escaped($0))</p>" } ?? "")</footer>
            </main></body></html>

            """
    }

    private var suite: String {
        guard comparisons.count > 1, let first = comparisons.first?.results.first else { return "" }
        let suite = Suite(comparisons: comparisons)
        let names = comparisons.first?.results.map(\.policy) ?? []
        let rows = comparisons.map { comparison in
            [comparison.scenario]
                + comparison.results.map {
                    "\(Figures.attainment($0.attainment)), \(Figures.regret($0.regret))"
                }
        }
        return "<h2>All traces: deadlines met, cost over the oracle's</h2>"
            + HTML.table(["trace"] + names, rows: rows)
            + "<p class=\"sub\">\(HTML.escaped(first.policy)) beats every other policy on \(suite.tracesWon) of \(comparisons.count) traces (better on deadlines met or cost, not worse on the other).</p>"
    }

    private func section(_ comparison: Comparison) -> String {
        let results = [comparison.oracle].compactMap { $0 } + comparison.results
        return """
            <h2>\(HTML.escaped(comparison.scenario))</h2>
            <p>\(HTML.escaped(comparison.summary)). \(Figures.count(comparison.jobs)) jobs in \
            \(Figures.duration(comparison.duration)), deadline \(Figures.duration(comparison.deadline)).</p>
            \(HTML.table(Comparison.head, rows: results.map(Comparison.cells)))
            \(charts(comparison, results))\(marks(comparison))
            """
    }

    private var legend: String {
        "<p>In time: share of the jobs done by their deadline. Wait: from arrival to the start of the batch. Worker-seconds "
            + "count from the order of a start until the worker is gone. Under, over, unstable: SPEC elasticity, mean share "
            + "of the demand that was missing or too much, and share of the time in which supply and demand moved apart. "
            + "Regret: cost over that of the oracle, which knows the whole trace.</p>"
    }

    // MARK: Charts

    private static let colors = ["a", "b", "c", "d", "e", "f", "g", "h"]

    private func charts(_ comparison: Comparison, _ results: [SimulationResult]) -> String {
        guard let some = results.last?.timeline else { return "" }
        let span = comparison.duration
        let group = max(some.samples.count / 600, 1)
        func chart(
            _ title: String, _ caption: String, isStepped: Bool = false, limit: Double? = nil,
            label: @escaping (Double) -> String,
            _ value: (Timeline.Sample) -> Double?
        ) -> String {
            let lines = results.enumerated().map { index, result in
                Chart.Line(
                    name: result.policy, color: Self.colors[index % Self.colors.count],
                    points: Self.points(result.timeline, group: group, span: span, value), isStepped: isStepped)
            }
            return Chart(
                title: title, caption: caption, span: span, origin: comparison.clock, lines: lines, limit: limit,
                label: label
            ).html()
        }
        let arrivals = Chart(
            title: "Arrivals", caption: "jobs per second", span: span, origin: comparison.clock,
            lines: [
                Chart.Line(
                    name: "arrivals", color: "a",
                    points: Self.means(some, group: group, span: span) { Double($0.arrivals) / some.interval })
            ], label: { Figures.decimal($0, $0 < 10 ? 1 : 0) })
        return arrivals.html()
            + chart(
                "Workers", "starting and ready; cut above three times the first policy's most", isStepped: true,
                limit: Double(max(comparison.results.first?.peak ?? 1, comparison.oracle?.peak ?? 1) * 3),
                label: { Figures.decimal($0, $0 < 10 ? 1 : 0) }
            ) {
                Double($0.workers)
            }
            + chart("Backlog", "jobs waiting", label: { Figures.decimal($0, $0 < 10 ? 1 : 0) }) { Double($0.waiting) }
            + chart("Wait", "95th percentile of the jobs that finished then", label: { Figures.duration($0) }) {
                $0.p95Wait
            }
    }

    /// The largest of each group of samples: a peak must not be averaged away.
    private static func points(
        _ timeline: Timeline, group: Int, span: Double, _ value: (Timeline.Sample) -> Double?
    ) -> [(x: Double, y: Double)] {
        stride(from: 0, to: timeline.samples.count, by: group).compactMap { start in
            let x = Double(start) * timeline.interval
            guard x <= span else { return nil }
            let most = timeline.samples[start..<min(start + group, timeline.samples.count)].compactMap(value).max()
            return most.map { (x, $0) }
        }
    }

    private static func means(
        _ timeline: Timeline, group: Int, span: Double, _ value: (Timeline.Sample) -> Double
    ) -> [(x: Double, y: Double)] {
        let group = max(group, Int(10 / timeline.interval))
        return stride(from: 0, to: timeline.samples.count, by: group).compactMap { start in
            let x = Double(start) * timeline.interval
            guard x <= span else { return nil }
            let part = timeline.samples[start..<min(start + group, timeline.samples.count)]
            return (x, part.reduce(0) { $0 + value($1) } / Double(part.count))
        }
    }

    private func marks(_ comparison: Comparison) -> String {
        guard let first = comparison.results.first, !first.marks.isEmpty, comparisons.count == 1 else { return "" }
        let rows = first.marks.prefix(60).map { mark in
            [Figures.duration(mark.seconds), mark.pool, Figures.count(mark.wanted), mark.reason]
        }
        return "<h2>What \(HTML.escaped(first.policy)) decided, and why</h2>"
            + HTML.table(["at", "pool", "wanted", "reason"], left: [0, 1, 3], rows: rows)
    }

    /// The style of the load report.
    private static let css = """
        :root{--bg:#fff;--ink:#1a1d21;--soft:#5c6570;--line:#e3e7eb;--panel:#f6f8fa;--a:#4477aa;--b:#228866;--c:#b8860b;\
        --d:#dd8844;--e:#bb3355;--f:#7755aa;--g:#667788;--h:#99aa33}
        @media (prefers-color-scheme:dark){:root{--bg:#14171b;--ink:#e8eaed;--soft:#9aa4af;--line:#2b3138;--panel:#1b2026;\
        --a:#6da3d8;--b:#4cc29a;--c:#e0b44a;--d:#f0a060;--e:#ee6688;--f:#a98be0;--g:#9aa9ba;--h:#c3d45a}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{max-width:1240px;margin:0 auto;padding:32px 24px 56px}
        h1{font-size:28px;line-height:1.2;margin:0 0 8px}h2{font-size:18px;margin:40px 0 10px}
        p{margin:6px 0}.sub{color:var(--soft)}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:6px 0;font-size:13px}
        th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
        th{color:var(--soft);font-weight:500;font-size:13px}td.n,th.n{text-align:right;white-space:nowrap}
        figure{margin:26px 0 0;break-inside:avoid}
        figcaption{color:var(--soft);font-size:13px}figcaption b{color:var(--ink);font-size:16px;margin-right:8px}
        .legend{font-size:13px;color:var(--soft);margin:2px 0 0 70px}.legend span{margin-right:18px;white-space:nowrap}
        .legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:currentColor}
        svg{width:100%;height:auto;display:block;overflow:visible}svg text{font:11.5px system-ui,sans-serif;fill:var(--soft)}
        text.y{text-anchor:end}text.x{text-anchor:middle}.grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
        .line{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linejoin:round}
        .a{color:var(--a)}.b{color:var(--b)}.c{color:var(--c)}.d{color:var(--d)}.e{color:var(--e)}.f{color:var(--f)}
        .g{color:var(--g)}.h{color:var(--h)}
        footer{margin-top:40px;color:var(--soft);font-size:13px}
        @media print{:root{--bg:#fff;--ink:#000;--soft:#444;--line:#ccc;--panel:#fff}main{max-width:none;padding:0}\
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}
