/// Writes the text format 0.0.4 of Prometheus: all lines of one metric together, the last line ended.
struct ExpositionWriter {
    private(set) var text = ""

    mutating func write<Instrument>(
        _ definition: MetricDefinition, _ type: String, _ series: [(values: [String], instrument: Instrument)],
        _ body: (inout ExpositionWriter, [(name: String, value: String)], Instrument) -> Void
    ) {
        guard !series.isEmpty else { return }
        text += "# HELP \(definition.name) \(Self.escaped(definition.help, quotes: false))\n"
        text += "# TYPE \(definition.name) \(type)\n"
        for (values, instrument) in series {
            body(&self, zip(definition.labels, values).map { ($0, $1) }, instrument)
        }
    }

    mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(value)\n"
    }

    /// Cumulative buckets up to `+Inf`, whose count is the number of values.
    mutating func histogram(
        _ name: String, _ labels: [(name: String, value: String)], _ buckets: Buckets,
        _ snapshot: (counts: [Int], sum: Int)
    ) {
        var cumulative = 0
        for (index, count) in snapshot.counts.enumerated() {
            cumulative += count
            let bound = index < buckets.bounds.count ? Self.number(buckets.bounds[index], buckets.unit) : "+Inf"
            sample("\(name)_bucket", labels + [("le", bound)], "\(cumulative)")
        }
        sample("\(name)_sum", labels, Self.number(snapshot.sum, buckets.unit))
        sample("\(name)_count", labels, "\(cumulative)")
    }

    private static func number(_ quantity: Int, _ unit: Buckets.Unit) -> String {
        switch unit {
        case .seconds: "\(Double(quantity) / 1e9)"
        case .whole: "\(quantity)"
        }
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
