package import CoreMetrics
import Synchronization

/// What libraries count by swift-metrics, among the metrics of this process: given to `MetricsSystem.bootstrap` once, at start.
///
/// | of swift-metrics | becomes |
/// |---|---|
/// | counter, floating-point counter | a counter, `_total` at the end of its name |
/// | meter, recorder that does not aggregate | a gauge, in whole numbers |
/// | recorder that aggregates | a histogram over powers of four |
/// | timer | a histogram of seconds, `_seconds` at the end of its name |
///
/// Names and dimensions are written in the letters that Prometheus allows. A name keeps the dimensions that it had first: one that is
/// missing later is empty, one that is new is left out.
package struct LibraryMetrics: MetricsFactory {
    private let registry: MetricsRegistry

    package init(_ registry: MetricsRegistry) { self.registry = registry }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        LibraryCounter(counter(label, dimensions))
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        LibraryCounter(counter(label, dimensions))
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        LibraryGauge(gauge(label, dimensions))
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return LibraryGauge(gauge(label, dimensions)) }
        let definition = Self.definition(label, "", dimensions)
        return LibraryHistogram(Self.series(of: registry.histogram(definition, .bytes), dimensions))
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let definition = Self.definition(label, "_seconds", dimensions)
        return LibraryHistogram(Self.series(of: registry.histogram(definition, .waits), dimensions))
    }

    // Series end with the process: a library that makes and destroys many meets the bound of `MetricFamily`.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> Counter {
        Self.series(of: registry.counter(Self.definition(label, "_total", dimensions)), dimensions)
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> Gauge {
        Self.series(of: registry.gauge(Self.definition(label, "", dimensions)), dimensions)
    }

    private static func series<Instrument>(
        of family: MetricFamily<Instrument>, _ dimensions: [(String, String)]
    ) -> Instrument {
        let values = Dictionary(dimensions.map { (plain($0.0), $0.1) }, uniquingKeysWith: { first, _ in first })
        return family.series(family.definition.labels.map { values[$0] ?? "" })
    }

    private static func definition(
        _ label: String, _ suffix: String, _ dimensions: [(String, String)]
    ) -> MetricDefinition {
        let name = plain(label)
        return MetricDefinition(
            name.hasSuffix(suffix) ? name : name + suffix, "Counted by a library that Spate uses.",
            labels: Set(dimensions.map { plain($0.0) }).sorted())
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`.
    private static func plain(_ name: String) -> String {
        let letters = name.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value))
                ? Character(scalar) : "_"
        }
        guard let first = letters.first else { return "_" }
        return (first.isNumber ? "_" : "") + String(letters)
    }
}

private final class LibraryCounter: CounterHandler, FloatingPointCounterHandler {
    private let counter: Counter
    /// What is not yet one, in parts of it.
    private let rest = Mutex(0.0)

    init(_ counter: Counter) { self.counter = counter }

    func increment(by amount: Int64) { counter.increment(by: Int(amount)) }

    func increment(by amount: Double) {
        guard amount.isFinite, amount > 0 else { return }
        let whole = rest.withLock { rest in
            rest += min(amount, 1e15)
            let whole = rest.rounded(.down)
            rest -= whole
            return whole
        }
        counter.increment(by: Int(whole))
    }

    /// A counter that falls reads as a restart, so it goes on.
    func reset() {}
}

private final class LibraryGauge: MeterHandler, RecorderHandler {
    private let gauge: Gauge

    init(_ gauge: Gauge) { self.gauge = gauge }

    func set(_ value: Int64) { gauge.set(Int(value)) }
    func set(_ value: Double) { gauge.set(Self.whole(value)) }
    func increment(by amount: Double) { gauge.add(Self.whole(amount)) }
    func decrement(by amount: Double) { gauge.add(-Self.whole(amount)) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    private static func whole(_ value: Double) -> Int {
        value.isNaN ? 0 : Int(min(max(value.rounded(), -1e15), 1e15))
    }
}

private final class LibraryHistogram: RecorderHandler, TimerHandler {
    private let histogram: Histogram

    init(_ histogram: Histogram) { self.histogram = histogram }

    func record(_ value: Int64) { histogram.record(Int(value)) }
    func record(_ value: Double) { if value.isFinite { histogram.record(Int(min(max(value, 0), 1e15))) } }
    func recordNanoseconds(_ duration: Int64) { histogram.record(Int(duration)) }
    func preferDisplayUnit(_ unit: TimeUnit) {}
}
