import Reports

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
        return HTML.page(
            title: "\(title): simulation", style: Self.style,
            body: """
                <h1>What if: \(HTML.escaped(title))</h1>
                \(suite)\(comparisons.map(section).joined())
                <footer>\(legend)\(footnote.map { "<p>\(HTML.escaped($0))</p>" } ?? "")</footer>
                """)
    }

    private var suite: String {
        guard comparisons.count > 1, let first = comparisons.first?.results.first else { return "" }
        let suite = Suite(comparisons: comparisons)
        let names = comparisons.first?.results.map(\.policy) ?? []
        let rows = comparisons.map { comparison in
            [comparison.scenario]
                + comparison.results.map {
                    "\(Figures.attainment($0.attainment)), \(Figures.difference($0.regret))"
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
        let time = PlotScale.time(upTo: span, profileStart: comparison.clock, speed: 1)
        let group = max(some.samples.count / 600, 1)
        func count(_ value: Double) -> String { Figures.decimal(value, value < 10 && value != value.rounded() ? 1 : 0) }
        func plot(
            _ title: String, _ caption: String, isStepped: Bool = false, limit: Double = .infinity,
            label: (Double) -> String, _ value: (Timeline.Sample) -> Double?
        ) -> String {
            let curves = results.map { Self.points($0.timeline, group: group, span: span, value) }
            let layers = zip(results, curves).enumerated().map { index, pair in
                Plot.Layer(
                    name: pair.0.policy, color: Self.colors[index % Self.colors.count],
                    shape: isStepped ? .steps(pair.1) : .line(pair.1))
            }
            let most = min(curves.joined().map(\.y).max() ?? 1, limit)
            return Plot(
                title: title, caption: caption, x: time, y: .upTo(most, isWhole: false, label: label), layers: layers
            ).html()
        }
        let arrivals = Self.means(some, group: group, span: span) { Double($0.arrivals) / some.interval }
        let most = max(comparison.results.first?.peak ?? 1, comparison.oracle?.peak ?? 1)
        return Plot(
            title: "Arrivals", caption: "jobs per second", x: time,
            y: .upTo(arrivals.map(\.y).max() ?? 1, isWhole: false, label: count),
            layers: [Plot.Layer(name: "arrivals", color: "a", shape: .line(arrivals))]
        ).html()
            + plot(
                "Workers", "starting and ready; cut above three times the first policy's most", isStepped: true,
                limit: Double(most * 3), label: count
            ) { Double($0.workers) }
            + plot("Backlog", "jobs waiting", label: count) { Double($0.waiting) }
            + plot("Wait", "95th percentile of the jobs that finished then", label: { Figures.tick($0) }) { $0.p95Wait }
    }

    /// The largest of each group of samples: a peak must not be averaged away.
    private static func points(
        _ timeline: Timeline, group: Int, span: Double, _ value: (Timeline.Sample) -> Double?
    ) -> [Plot.Point] {
        stride(from: 0, to: timeline.samples.count, by: group).compactMap { start in
            let x = Double(start) * timeline.interval
            guard x <= span else { return nil }
            let most = timeline.samples[start..<min(start + group, timeline.samples.count)].compactMap(value).max()
            return most.map { Plot.Point(x: x, y: $0) }
        }
    }

    private static func means(
        _ timeline: Timeline, group: Int, span: Double, _ value: (Timeline.Sample) -> Double
    ) -> [Plot.Point] {
        let group = max(group, Int(10 / timeline.interval))
        return stride(from: 0, to: timeline.samples.count, by: group).compactMap { start in
            let x = Double(start) * timeline.interval
            guard x <= span else { return nil }
            let part = timeline.samples[start..<min(start + group, timeline.samples.count)]
            return Plot.Point(x: x, y: part.reduce(0) { $0 + value($1) } / Double(part.count))
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

    /// Wide tables.
    private static let style = "main{max-width:1240px}table{font-size:13px}h1{margin-bottom:8px}"
}
