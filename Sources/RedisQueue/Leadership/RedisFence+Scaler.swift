package import Jobs

extension RedisFence {
    private static let decisionLimit = 10_000

    /// Records decisions as `QueueObserver.record` does, if the term is still the newest: one line of JSON each.
    package func record(decisions: [String], in term: LeadershipTerm) async throws(FenceError) {
        guard !decisions.isEmpty else { return }
        try await perform(
            decisions.map { json in
                FencedCommand(
                    "XADD", key: keys.decisions, "MAXLEN", "~", String(Self.decisionLimit), "*", "d", json)
            }, in: term)
    }
}
