import Settings

/// How long one run of a model may take before it counts as hung.
///
/// | `run_timeout` of the model | bound |
/// |---|---|
/// | given | that |
/// | not given | the longest of: `least` (10 minutes), twenty times the 99th percentile that was learned for the batch, twenty times what a synthetic model declares |
struct RunBound: Sendable, Equatable {
    private static let slack = 20

    private var given: Duration?
    private var least: Duration

    init(given: Duration? = nil, least: Duration) {
        self.given = given
        self.least = least
    }

    init(_ settings: ModelSettings, least: Duration) {
        let declared = settings.backend.declaredRun(maximumRows: settings.batching.maximumRows) ?? .zero
        self.init(given: settings.runTimeout, least: max(least, declared * Self.slack))
    }

    /// - Parameter expected: the 99th percentile that was learned for the batch.
    func bound(expected: Duration?) -> Duration { given ?? max(least, (expected ?? .zero) * Self.slack) }
}
