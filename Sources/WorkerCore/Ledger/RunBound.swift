/// How long one run of a model may take before it counts as hung.
///
/// | `run_timeout` of the model | bound |
/// |---|---|
/// | given | that |
/// | not given | the longest of: `least` (10 minutes), twenty times the 99th percentile that was learned for the batch, twenty times what a synthetic model declares |
package struct RunBound: Sendable, Equatable {
    /// How often an expected time has to fit into the bound.
    package static let slack = 20

    private var given: Duration?
    private var least: Duration

    package init(given: Duration? = nil, least: Duration) {
        self.given = given
        self.least = least
    }

    /// - Parameter expected: the 99th percentile that was learned for the batch.
    package func bound(expected: Duration?) -> Duration { given ?? max(least, (expected ?? .zero) * Self.slack) }
}
