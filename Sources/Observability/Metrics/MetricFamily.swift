import Synchronization

/// One metric: a name, and a series for each combination of label values.
///
/// Looking a series up takes a lock and hashes the values; callers on a hot path keep the instrument that they got.
/// At most `limit` series: further combinations share one series whose values are all `other`, so that a label with
/// too many values costs precision and not memory.
package final class MetricFamily<Instrument: Sendable>: Sendable {
    package let definition: MetricDefinition
    private let make: @Sendable () -> Instrument
    private let series = Mutex<[[String]: Instrument]>([:])

    package static var limit: Int { 1_000 }

    package init(_ definition: MetricDefinition, make: @escaping @Sendable () -> Instrument) {
        self.definition = definition
        self.make = make
    }

    /// The instrument for these label values, in the order of the definition's labels; made at the first use.
    package subscript(_ values: String...) -> Instrument { series(values) }

    func series(_ values: [String]) -> Instrument {
        series.withLock { series in
            if let known = series[values] { return known }
            let key = series.count < Self.limit ? values : values.map { _ in "other" }
            if let known = series[key] { return known }
            let instrument = make()
            series[key] = instrument
            return instrument
        }
    }

    /// Ends the series whose value of `label` is not among `values`: of models and pools that are gone.
    package func keep(_ label: String, in values: Set<String>) {
        guard let index = definition.labels.firstIndex(of: label) else { return }
        series.withLock { series in
            series = series.filter { index >= $0.key.count || values.contains($0.key[index]) }
        }
    }

    /// All series, in the order of their label values.
    var all: [(values: [String], instrument: Instrument)] {
        series.withLock { series in series.map { ($0.key, $0.value) } }
            .sorted { $0.0.lexicographicallyPrecedes($1.0) }
    }
}

/// What scrapers are told of a metric.
package struct MetricDefinition: Sendable, Equatable {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, in base units.
    package var name: String
    package var help: String
    /// `[a-zA-Z_][a-zA-Z0-9_]*` each; few values each.
    package var labels: [String]

    package init(_ name: String, _ help: String, labels: [String] = []) {
        self.name = name
        self.help = help
        self.labels = labels
    }
}
