/// The built-in traces under every contender, and where the first one wins.
package struct Suite: Sendable, Codable {
    package var comparisons: [Comparison]

    package init(comparisons: [Comparison]) { self.comparisons = comparisons }

    /// On how many traces the first contender has which verdict against the one named `baseline`.
    package func count(_ verdict: Verdict, against baseline: String) -> Int {
        comparisons.count { comparison in
            guard let first = comparison.results.first,
                let other = comparison.results.first(where: { $0.policy == baseline })
            else { return false }
            return Verdict(first, against: other) == verdict
        }
    }

    /// Traces on which the first contender wins against every other.
    package var tracesWon: Int {
        comparisons.count { comparison in
            guard let first = comparison.results.first else { return false }
            return comparison.results.dropFirst().allSatisfy { Verdict(first, against: $0) == .wins }
        }
    }
}
