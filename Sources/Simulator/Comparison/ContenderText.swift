package import Scaling
import Time

/// A contender as it is written on a command line: `name`, or `name:key=value,…`.
///
/// - Example: `keda-lag:lagCount=50,pollingInterval=5s`, `spate:targetUtilization=0.9,minimum=1`, `spate:calendar=true`
package struct ContenderError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
    /// The policy has no such parameter.
    var isUnknown = false

    package init(_ description: String) { self.description = description }

    init(_ description: String, isUnknown: Bool) {
        self.description = description
        self.isUnknown = isUnknown
    }
}

extension Contender {
    /// - Parameter base: what `spate` starts from, and what the others are not told.
    package init(text: String, base: Policy = Scenario.defaults) throws(ContenderError) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard let first = parts.first, let name = Algorithm.Name(rawValue: String(first)) else {
            let known = Algorithm.Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw ContenderError("'\(text)' names no policy; known are \(known)")
        }
        var policy = base
        policy.algorithm = Algorithm(name)
        var settings = ContenderSettings(policy: policy)
        var hasCalendar = false
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: ",") {
            let words = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard words.count == 2 else { throw ContenderError("'\(pair)' in '\(text)' is not of the form key=value") }
            if words[0] == "calendar" {
                hasCalendar = words[1] == "true"
            } else {
                try settings.set(words[0], to: words[1])
            }
        }
        self.init(label: text, policy: settings.policy, hasCalendar: hasCalendar)
    }
}
