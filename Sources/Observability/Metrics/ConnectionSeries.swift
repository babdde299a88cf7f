/// The connections of a gateway.
package struct ConnectionSeries: Sendable {
    /// Open now, on both ports.
    package let open: Gauge
    /// Closed for being idle when a new one needed the place.
    package let displaced: Counter
    /// Closed since there was no place.
    package let refused: Counter

    package init(in registry: MetricsRegistry) {
        open =
            registry.gauge(
                MetricDefinition(
                    "spate_gateway_connections", "Connections that are open now, on both ports.", labels: []))[]
        let ended = registry.counter(
            MetricDefinition(
                "spate_gateway_connections_ended_total",
                "Connections closed at the bound: displaced (idle, for a new one) and refused (none was idle).",
                labels: ["reason"]))
        displaced = ended["displaced"]
        refused = ended["refused"]
    }
}
