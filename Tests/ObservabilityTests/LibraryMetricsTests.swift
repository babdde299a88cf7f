import CoreMetrics
import Observability
import Testing

@Suite struct LibraryMetricsTests {
    @Test("what libraries count by swift-metrics is among the metrics, in letters that Prometheus allows")
    func libraries() {
        let registry = MetricsRegistry()
        let factory = LibraryMetrics(registry)
        factory.makeCounter(label: "http.client-requests", dimensions: [("peer.name", "redis"), ("a", "1")])
            .increment(by: 2)
        let parts = factory.makeFloatingPointCounter(label: "bytes_total", dimensions: [])
        for _ in 0..<5 { parts.increment(by: 0.5) }
        factory.makeMeter(label: "pool", dimensions: []).set(3.6)
        factory.makeTimer(label: "wait", dimensions: []).recordNanoseconds(2_000_000)
        factory.makeRecorder(label: "1size", dimensions: [], aggregate: true).record(Int64(300))
        // One dimension is missing, one is new.
        factory.makeCounter(label: "http.client-requests", dimensions: [("a", "2"), ("b", "x")]).increment(by: 1)
        let text = registry.text
        for line in [
            "http_client_requests_total{a=\"1\",peer_name=\"redis\"} 2",
            "http_client_requests_total{a=\"2\",peer_name=\"\"} 1", "bytes_total 2", "pool 4",
            "wait_seconds_bucket{le=\"0.002\"} 1", "_1size_sum 300",
        ] {
            #expect(text.contains(line + "\n"), "\(line) in:\n\(text)")
        }
    }
}
