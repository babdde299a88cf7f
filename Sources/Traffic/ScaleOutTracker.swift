import Time

/// Finds how long it took until a new worker helped: from the first arrival beyond what the live workers could serve
/// to the first result that the new worker made possible.
///
/// An arrival is in excess when no worker is ready, or when jobs were waiting at the latest sample, so every worker
/// that was ready had its hands full. If the backlog is gone again before a worker came, the live ones coped and the
/// excess is forgotten.
package struct ScaleOutTracker: Sendable {
    private enum State: Sendable {
        /// Can go to: excess.
        case calm
        /// Can go to: calm, relieved; to calm with an episode when results come although no worker was ready before.
        case excess(since: Duration, workersBefore: Int, answeredBefore: Set<String>)
        /// A new worker is ready and has not answered yet. Can go to: calm, with an episode.
        case relieved(since: Duration, workersBefore: Int, answeredBefore: Set<String>, readyAt: Duration)
    }

    private var state = State.calm
    private var ready: Int?
    private var waiting = 0
    /// Workers that had answered at least once by the latest sample; `nil` while no sample names workers.
    private var answered: Set<String>?
    package private(set) var episodes: [ScaleOutEpisode] = []

    /// Later episodes are not recorded; the first ones tell the story.
    package static let maximumEpisodes = 100

    package init() {}

    package mutating func arrived(at elapsed: Duration) {
        guard case .calm = state, let ready, ready == 0 || waiting > 0 else { return }
        state = .excess(since: elapsed, workersBefore: ready, answeredBefore: answered ?? [])
    }

    /// - Parameter newAnswered: Ids of the workers that have answered at least once, where the cluster names them: then the
    ///   first result is known to be the new worker's own, as exactly as samples are taken. Without them it is the first
    ///   result of anybody after the new worker was ready.
    package mutating func sampled(
        ready newReady: Int, waiting newWaiting: Int, answered newAnswered: Set<String>? = nil, at elapsed: Duration
    ) {
        defer { (ready, waiting, answered) = (newReady, newWaiting, newAnswered ?? answered) }
        if case .excess(let since, let before, let known) = state {
            if newReady > before {
                state = .relieved(since: since, workersBefore: before, answeredBefore: known, readyAt: elapsed)
            } else if newWaiting == 0, before > 0 {
                state = .calm
            }
        }
        if case .relieved(let since, let before, let known, let readyAt) = state, let newAnswered,
            !newAnswered.isSubset(of: known)
        {
            close(since: since, before: before, readyAt: readyAt, at: elapsed)
        }
    }

    package mutating func finished(at elapsed: Duration) {
        switch state {
        case .calm: return
        case .excess(let since, let before, _):
            // With no worker before, whoever answers is new, though no sample has shown it yet.
            guard before == 0 else { return }
            close(since: since, before: before, readyAt: nil, at: elapsed)
        case .relieved(let since, let before, _, let readyAt):
            guard before == 0 || answered == nil else { return }
            close(since: since, before: before, readyAt: readyAt, at: elapsed)
        }
    }

    private mutating func close(since: Duration, before: Int, readyAt: Duration?, at elapsed: Duration) {
        if episodes.count < Self.maximumEpisodes {
            episodes.append(
                ScaleOutEpisode(
                    excessSeconds: since.seconds, workersBefore: before, readySeconds: readyAt?.seconds,
                    firstResultSeconds: elapsed.seconds))
        }
        if before == 0, ready == 0 { ready = 1 }
        state = .calm
    }
}

/// One answer of the cluster to more load than its workers could serve. Times count from the run's start.
package struct ScaleOutEpisode: Sendable, Equatable, Codable {
    /// When the first call in excess arrived.
    package var excessSeconds: Double
    package var workersBefore: Int
    /// When a sample first showed the new worker ready; `nil` if its first result came before such a sample.
    package var readySeconds: Double?
    package var firstResultSeconds: Double

    package init(excessSeconds: Double, workersBefore: Int, readySeconds: Double?, firstResultSeconds: Double) {
        self.excessSeconds = excessSeconds
        self.workersBefore = workersBefore
        self.readySeconds = readySeconds
        self.firstResultSeconds = firstResultSeconds
    }

    package var reactionSeconds: Double { firstResultSeconds - excessSeconds }
}
