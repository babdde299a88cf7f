import Scaling
import Time

/// A key of the result, with where its value comes from.
struct PolicyLine {
    var key: String
    var value: String
    var origin: String

    init(key: String, value: String, origin: String) {
        self.key = key
        self.value = value
        self.origin = origin
    }

    /// The key of a declared parameter.
    init<Values: Parameterized, Value>(_ path: Parameter<Values>.Path<Value>, value: String, origin: String) {
        self.init(key: Values.declaration(path).name, value: value, origin: origin)
    }
}

extension Parameterized {
    /// What the parameter at `path` may be, in numbers; durations in seconds.
    static func bounds<Value>(_ path: Parameter<Self>.Path<Value>) -> ClosedRange<Double> {
        switch declaration(path).kind {
        case .number(let range): range
        case .count(let range): Double(range.lowerBound)...Double(range.upperBound)
        case .duration(let range): range.lowerBound.seconds...range.upperBound.seconds
        case .choice: 0...0
        }
    }
}
