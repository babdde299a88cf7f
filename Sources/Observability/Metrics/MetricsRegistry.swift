import Synchronization

/// The metrics of one process, and their text for scrapers.
///
/// Made once at start and handed to who measures; `GatewaySeries`, `QueueSeries`, `WorkerSeries` and
/// `ScalerSeries` register what they spell. Registering a name twice gives the family that is there, so two parts of
/// a process can share a metric.
package final class MetricsRegistry: Sendable {
    private enum Family: Sendable {
        case counter(MetricFamily<Counter>)
        case gauge(MetricFamily<Gauge>)
        case histogram(MetricFamily<Histogram>, Buckets)
    }

    /// In the order of registration, which is the order of the text.
    private let families = Mutex<[Family]>([])

    package init() {}

    package func counter(_ definition: MetricDefinition) -> MetricFamily<Counter> {
        families.withLock { families in
            for case .counter(let known) in families where known.definition.name == definition.name { return known }
            let family = MetricFamily(definition) { Counter() }
            families.append(.counter(family))
            return family
        }
    }

    package func gauge(_ definition: MetricDefinition) -> MetricFamily<Gauge> {
        families.withLock { families in
            for case .gauge(let known) in families where known.definition.name == definition.name { return known }
            let family = MetricFamily(definition) { Gauge() }
            families.append(.gauge(family))
            return family
        }
    }

    package func histogram(_ definition: MetricDefinition, _ buckets: Buckets) -> MetricFamily<Histogram> {
        families.withLock { families in
            for case .histogram(let known, _) in families where known.definition.name == definition.name {
                return known
            }
            let family = MetricFamily(definition) { Histogram(buckets) }
            families.append(.histogram(family, buckets))
            return family
        }
    }

    /// The value of the `Content-Type` header that belongs to `text`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All series in the text format 0.0.4 of Prometheus. Families without a series are left out.
    ///
    /// - Source: Prometheus documentation, "Exposition formats".
    package var text: String {
        var writer = ExpositionWriter()
        for family in families.withLock({ $0 }) {
            switch family {
            case .counter(let family):
                writer.write(family.definition, "counter", family.all) { writer, labels, counter in
                    writer.sample(family.definition.name, labels, "\(counter.value)")
                }
            case .gauge(let family):
                writer.write(family.definition, "gauge", family.all) { writer, labels, gauge in
                    writer.sample(family.definition.name, labels, "\(gauge.value)")
                }
            case .histogram(let family, let buckets):
                writer.write(family.definition, "histogram", family.all) { writer, labels, histogram in
                    writer.histogram(family.definition.name, labels, buckets, histogram.snapshot)
                }
            }
        }
        return writer.text
    }
}
