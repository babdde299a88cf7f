package import Scaling

/// Why a text names no contender.
package struct ContenderError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// A contender as it is written on a command line: `name`, or `name:key=value,…`, the keys as in a cluster file.
///
/// - Example: `keda-lag:lag_count=50,polling_interval=5s`, `spate:target_utilization=0.9,minimum=1`, `spate:calendar=true`
extension Contender {
    /// - Parameter base: what `spate` starts from, and what the others are not told.
    package init(
        text: String, base: Policy = Scenario.defaults, registry: AlgorithmRegistry = .builtIn
    ) throws(ContenderError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let name = parts.first, let algorithm = registry.algorithm(named: name) else {
            let known = registry.names(includingMade: true).joined(separator: ", ")
            throw ContenderError("'\(text)' names no policy; known are \(known)")
        }
        var policy = base
        policy.algorithm = algorithm
        var options = ContenderOptions()
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: ",") {
            let words = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard words.count == 2 else { throw ContenderError("'\(pair)' in '\(text)' is not of the form key=value") }
            do throws(ParameterError) {
                try Self.set(words[0], to: words[1], policy: &policy, options: &options)
            } catch {
                throw ContenderError("\(error) (in '\(text)')")
            }
        }
        if let finding = policy.algorithm.finding {
            throw ContenderError("'\(finding.parameter)': \(finding.message) (in '\(text)')")
        }
        self.init(label: text, policy: options.over(policy), hasCalendar: options.calendar == .yes)
    }

    private static func set(
        _ name: String, to value: String, policy: inout Policy, options: inout ContenderOptions
    ) throws(ParameterError) {
        let known = policy.algorithm.simulatedParameters
        guard known.contains(where: { $0.name == name }) else {
            throw known.unknown(name, of: policy.algorithm.name)
        }
        if policy.algorithm == .spate, let own = Policy.parameters.first(where: { $0.name == name }) {
            try own.take(value, into: &policy)
        } else if let option = ContenderOptions.parameters.first(where: { $0.name == name }),
            !policy.algorithm.declarations.contains(where: { $0.name == name })
        {
            try option.take(value, into: &options)
        } else {
            try policy.algorithm.set(name, to: value)
        }
    }
}
