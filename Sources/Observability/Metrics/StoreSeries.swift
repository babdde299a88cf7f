/// Whether Redis keeps what it accepted.
package struct StoreSeries: Sendable {
    private let unsafeFamily: MetricFamily<Gauge>
    private let lossesFamily: MetricFamily<Counter>

    package init(in registry: MetricsRegistry) {
        unsafeFamily = registry.gauge(
            MetricDefinition(
                "spate_store_unsafe", "1 while Redis may delete accepted jobs: its eviction policy was changed.",
                labels: []))
        lossesFamily = registry.counter(
            MetricDefinition(
                "spate_store_data_losses_total", "How often all data of Redis went away under this process.", labels: []
            ))
        isUnsafe.set(0)
        losses.increment(by: 0)
    }

    package var isUnsafe: Gauge { unsafeFamily[] }
    package var losses: Counter { lossesFamily[] }
}
