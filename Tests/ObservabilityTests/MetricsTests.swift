import Foundation
import Observability
import Testing

@Suite struct MetricsTests {
    @Test("writes counters, gauges and histograms as Prometheus reads them")
    func exposition() {
        let registry = MetricsRegistry()
        registry.counter(MetricDefinition("c_total", "Counts\nthings \\.", labels: ["a", "b"]))["x\"y\\z\n", "2"]
            .increment(by: 3)
        registry.gauge(MetricDefinition("g", "Gauge."))[].set(-4)
        let histogram = registry.histogram(
            MetricDefinition("h_seconds", "Times.", labels: ["m"]), Buckets(.seconds, [1_000_000, 2_000_000_000]))["d"]
        histogram.record(.milliseconds(1))
        histogram.record(.milliseconds(500))
        histogram.record(.seconds(3))
        histogram.record(.seconds(-3))
        _ = registry.counter(MetricDefinition("never_total", "No series, no lines."))
        #expect(
            registry.text == """
                # HELP c_total Counts\\nthings \\\\.
                # TYPE c_total counter
                c_total{a="x\\"y\\\\z\\n",b="2"} 3
                # HELP g Gauge.
                # TYPE g gauge
                g -4
                # HELP h_seconds Times.
                # TYPE h_seconds histogram
                h_seconds_bucket{m="d",le="0.001"} 2
                h_seconds_bucket{m="d",le="2.0"} 3
                h_seconds_bucket{m="d",le="+Inf"} 4
                h_seconds_sum{m="d"} 3.501
                h_seconds_count{m="d"} 4

                """)
    }

    @Test("a counter never falls, and concurrent additions are all counted")
    func concurrency() async {
        let counter = Counter()
        let histogram = Histogram(.rows)
        counter.increment(by: -5)
        #expect(counter.value == 0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for row in 0..<10_000 {
                        counter.increment()
                        histogram.record(row)
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(histogram.snapshot.counts.reduce(0, +) == 80_000)
        #expect(histogram.snapshot.sum == 8 * 9_999 * 10_000 / 2)
    }

    @Test("a value equal to a bound belongs to that bucket, as 'le' says")
    func bounds() {
        let histogram = Histogram(Buckets(.whole, [4, 1, 2, 2]))
        for value in [0, 1, 2, 3, 4, 5, Int.max] { histogram.record(value) }
        #expect(histogram.snapshot.counts == [2, 1, 2, 2])
    }

    @Test("registering a name again gives the same series, and a label with too many values ends in 'other'")
    func families() {
        let registry = MetricsRegistry()
        let definition = MetricDefinition("c_total", "Counts.", labels: ["model"])
        registry.counter(definition)["a"].increment()
        let family = registry.counter(definition)
        #expect(family["a"].value == 1)
        for index in 0..<2_000 { family["m\(index)"].increment() }
        let lines = registry.text.split(separator: "\n")
        #expect(lines.count == 2 + MetricFamily<Counter>.limit + 1)
        #expect(lines.contains { $0.hasPrefix("c_total{model=\"other\"} ") })
        family.keep("model", in: ["a"])
        #expect(registry.text.split(separator: "\n").count == 3)
    }

    /// One sample of every series that Spate has.
    private func everything() -> MetricsRegistry {
        let registry = MetricsRegistry()
        let gateway = GatewaySeries(in: registry)
        gateway.requests(protocol: "http", model: "digits", status: 200).increment()
        gateway.requestDuration(protocol: "http", model: "digits").record(.milliseconds(3))
        gateway.jobDuration(model: "digits").record(.milliseconds(3))
        gateway.outcomes(model: "digits", ending: "failed").increment()
        gateway.requestsInFlight(protocol: "http").add(1)
        gateway.refused(reason: "queue_full").increment()
        gateway.requestBody(protocol: "http").record(8_192)
        gateway.replyBody(protocol: "http").record(100)
        QueueSeries(in: registry).set(
            model: "digits", version: "1", waiting: 1, inFlight: 2, due: 3, oldest: .milliseconds(4_900))
        let worker = WorkerSeries(in: registry)
        worker.batches(model: "digits", reason: "full").increment()
        worker.rows(model: "digits").increment(by: 64)
        worker.jobs(model: "digits", ending: "finished").increment()
        worker.batchRows(model: "digits").record(64)
        worker.queueWait(model: "digits").record(.milliseconds(1))
        worker.batchWait(model: "digits").record(.zero)
        worker.compute(model: "digits").record(.seconds(100))
        let scaler = ScalerSeries(in: registry)
        scaler.set(pool: "cpu", starting: 1, ready: 0, draining: 0)
        scaler.wanted(pool: "cpu").set(2)
        scaler.decisions(pool: "cpu", direction: .in).increment()
        scaler.startUp(pool: "cpu").record(.milliseconds(300))
        scaler.starts(pool: "cpu").increment()
        scaler.startFailures(pool: "cpu").increment()
        scaler.reapedJobs(model: "digits").increment()
        return registry
    }

    @Test("every label of every metric has a value, and names follow the rules")
    func names() {
        let text = everything().text
        #expect(text.hasSuffix("\n"))
        let metrics = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
            $0.split(separator: " ")[2...]
        }
        #expect(metrics.count == 24)
        for metric in metrics {
            let name = metric[metric.startIndex]
            #expect(name.wholeMatch(of: /spate_(gateway|queue|worker|scaler)_[a-z_]+/) != nil)
            #expect((metric.last == "counter") == name.hasSuffix("_total"))
        }
        #expect(!text.contains("{}"))
        #expect(text.contains("spate_gateway_requests_total{protocol=\"http\",model=\"digits\",status=\"200\"} 1\n"))
        #expect(text.contains("spate_worker_batches_total{model=\"digits\",reason=\"full\"} 1\n"))
        #expect(text.contains("spate_scaler_decisions_total{pool=\"cpu\",direction=\"in\"} 1\n"))
    }

    @Test(
        "promtool finds nothing to say against the text",
        .enabled(if: Promtool.path != nil, "promtool is not installed"))
    func promtool() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Promtool.path))
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(everything().text.utf8))
        try input.fileHandleForWriting.close()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(said == "")
        #expect(process.terminationStatus == 0)
    }
}

/// Prometheus's own checker, where the machine has it (Debian package `prometheus`).
private enum Promtool {
    static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}
