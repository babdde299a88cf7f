import Reports
import Glibc
import Traffic

/// The plots of a report, each from the report's own numbers.
struct ReportPlots {
    let report: TrafficReport

    /// Points of a curve; more are joined, keeping what matters of each (sums, or the largest).
    private static let maximumPoints = 480

    private var time: PlotScale {
        .time(
            upTo: max(report.durationSeconds, 1), profileStart: report.description.profileStartSeconds,
            speed: report.description.speed)
    }

    private var seconds: [[SecondSample]] { Self.groups(report.seconds) }

    func html() -> String {
        [traffic, backlog, workers, latency, distribution].compactMap { $0?.html() }.joined()
    }

    private var traffic: Plot? {
        guard !report.seconds.isEmpty else { return nil }
        func rate(_ group: [SecondSample], _ value: (SecondSample) -> Int) -> Double {
            Double(group.reduce(0) { $0 + value($1) }) / Double(group.count)
        }
        let arrivals = seconds.map { Plot.Point(x: Self.middle($0), y: rate($0) { $0.arrivals }) }
        let completions = seconds.map { Plot.Point(x: Self.middle($0), y: rate($0) { $0.completions }) }
        let top = (arrivals + completions).map(\.y).max() ?? 1
        return Plot(
            title: "Arrivals and completions",
            caption: "calls per second; where the line leaves the area, work piles up or is worked off",
            x: time, y: .upTo(top, isWhole: true) { Figures.decimal($0, 0) },
            layers: [
                .init(
                    name: "arrivals", color: "a-soft", shape: .band(arrivals.map { ($0.x, 0, $0.y) }, isStepped: false)),
                .init(name: "completions", color: "b", shape: .line(completions)),
            ])
    }

    private var backlog: Plot? {
        guard !report.samples.isEmpty else {
            let open = seconds.map { group in
                Plot.Point(x: Self.middle(group), y: Double(group.map(\.open).max() ?? 0))
            }
            guard let top = open.map(\.y).max() else { return nil }
            return Plot(
                title: "Open calls", caption: "arrived and not answered, as the load generator sees it", x: time,
                y: .upTo(top, isWhole: true) { Figures.decimal($0, 0) },
                layers: [
                    .init(
                        name: "open calls", color: "a-soft",
                        shape: .band(open.map { ($0.x, 0, $0.y) }, isStepped: false))
                ])
        }
        let groups = Self.groups(report.samples)
        let waiting = groups.map { group in
            Plot.Point(x: Self.moment(group), y: Double(group.map { $0.waiting + $0.due }.max() ?? 0))
        }
        let running = groups.map { group in
            Plot.Point(x: Self.moment(group), y: Double(group.map(\.inFlight).max() ?? 0))
        }
        let top = (waiting + running).map(\.y).max() ?? 1
        return Plot(
            title: "Backlog", caption: "jobs that wait in the queue, and jobs in the hands of workers", x: time,
            y: .upTo(top, isWhole: true) { Figures.decimal($0, 0) },
            layers: [
                .init(
                    name: "waiting", color: "c-soft", shape: .band(waiting.map { ($0.x, 0, $0.y) }, isStepped: false)),
                .init(name: "in flight", color: "a", shape: .line(running)),
            ])
    }

    private var workers: Plot? {
        guard !report.samples.isEmpty else { return nil }
        let names = Set(report.samples.flatMap { $0.pools.filter { $0.value.paid > 0 }.keys }).sorted()
        guard !names.isEmpty else { return nil }
        var bases = report.samples.map { _ in 0.0 }
        var layers: [Plot.Layer] = []
        for (index, name) in names.enumerated() {
            let color = ["b", "d", "e", "f"][index % 4]
            let states: [(String, String, (ClusterSample.Pool) -> Int)] = [
                ("ready", "", { $0.ready }), ("starting", "-soft", { $0.starting }),
                ("draining", "-faint", { $0.draining }),
            ]
            for (state, suffix, value) in states {
                let points = zip(report.samples, bases).map { sample, base in
                    (x: sample.elapsedSeconds, low: base, high: base + Double(sample.pools[name].map(value) ?? 0))
                }
                bases = points.map(\.high)
                let changes = Self.changes(points)
                layers.append(
                    .init(name: "\(name) \(state)", color: color + suffix, shape: .band(changes, isStepped: true)))
            }
        }
        return Plot(
            title: "Workers", caption: "per pool and state; numbered lines are the scaler's decisions, explained below",
            x: time, y: .upTo(bases.max() ?? 1, isWhole: true) { Figures.decimal($0, 0) }, layers: layers,
            marks: report.decisions.enumerated().map { index, decision in
                Plot.Mark(
                    x: decision.elapsedSeconds, label: "\(index + 1)",
                    explanation: "\(decision.pool): \(decision.wanted) wanted. \(decision.reason)")
            })
    }

    private var latency: Plot? {
        func curve(_ value: (SecondSample) -> Double?) -> [Plot.Point] {
            seconds.compactMap { group in
                group.compactMap(value).max().map { Plot.Point(x: Self.middle(group), y: $0) }
            }
        }
        let (p50, p95, p99) = (curve(\.p50Seconds), curve(\.p95Seconds), curve(\.p99Seconds))
        guard let least = p50.map(\.y).min(), let most = p99.map(\.y).max() else { return nil }
        return Plot(
            title: "Latency over time",
            caption:
                "from the intended time of sending to the answer, of the calls that finished in each second; logarithmic",
            x: time, y: .decades(least, most) { Figures.tick($0) },
            layers: [
                .init(name: "p99", color: "e", shape: .line(p99)), .init(name: "p95", color: "d", shape: .line(p95)),
                .init(name: "p50", color: "b", shape: .line(p50)),
            ])
    }

    /// The percentile curve; its axis stretches the tail: each step is a tenth of the calls of the one before.
    private var distribution: Plot? {
        guard let latency = report.latency else { return nil }
        let service = report.serviceLatency
        func nines(_ percentile: Double) -> Double { 1 / max(1 - percentile / 100, 1 / Double(max(latency.count, 2))) }
        func curve(_ summary: LatencySummary?) -> [Plot.Point] {
            (summary?.curve ?? []).map { Plot.Point(x: nines($0.percentile), y: max($0.seconds, 1e-6)) }
        }
        let (intended, actual) = (curve(latency), curve(service))
        let top = nines(100)
        let labels: [(Double, String)] = [
            (0, "0 %"), (50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"),
        ]
        let x = PlotScale(
            range: 1...max(top, 10), kind: .logarithmic,
            ticks: labels.filter { nines($0.0) < top * 0.7 }.map { PlotScale.Tick(value: nines($0.0), label: $0.1) }
                + [PlotScale.Tick(value: top, label: "all")])
        let values = (intended + actual).map(\.y)
        guard let least = values.min(), let most = values.max() else { return nil }
        return Plot(
            title: "Latency by percentile",
            caption: "share of the calls that were answered within a time; both axes logarithmic",
            x: x, y: .decades(least, most) { Figures.tick($0) },
            layers: [
                .init(name: "from the intended time", color: "e", shape: .line(intended)),
                .init(name: "from the actual send", color: "b", shape: .line(actual)),
            ])
    }

    // MARK: Thinning

    private static func groups<Element>(_ elements: [Element]) -> [[Element]] {
        let size = max(1, (elements.count + maximumPoints - 1) / maximumPoints)
        return stride(from: 0, to: elements.count, by: size).map {
            Array(elements[$0..<min($0 + size, elements.count)])
        }
    }

    private static func middle(_ group: [SecondSample]) -> Double {
        Double((group.first?.second ?? 0) + (group.last?.second ?? 0) + 1) / 2
    }

    private static func moment(_ group: [ClusterSample]) -> Double { group.first?.elapsedSeconds ?? 0 }

    /// A stepped band needs only the points at which it changes, and the last one.
    private static func changes(
        _ points: [(x: Double, low: Double, high: Double)]
    ) -> [(x: Double, low: Double, high: Double)] {
        points.enumerated().filter { index, point in
            guard index > 0, index < points.count - 1 else { return true }
            return points[index - 1].low != point.low || points[index - 1].high != point.high
        }.map(\.element)
    }
}
