package import Time

/// When a worker runs the jobs that workers died with: one at a time, while nothing else of the worker runs, over all of
/// its models; and no longer than what else waits is served for, so that neither starves.
///
/// | it | until | then |
/// |---|---|---|
/// | is open: everything is started | jobs wait for a trial, nothing keeps them from it for long, and its last turn is made up for or nothing else waits | holds |
/// | holds: nothing is started | no run is left | tries |
/// | | a model is loaded, or a run takes far longer than was to be expected | opens, for as long as it held |
/// | | runs are left after its patience (1 s, then twice as long each time) | opens, for as long as it held |
/// | tries jobs one by one | none is left, or 100 ms are over and others wait | opens, for as long as it held |
///
/// - Example: eight suspects of 2 ms beside batches of 40 ms: one turn of 40 + 8 · 2 ms, and then 56 ms for the others.
package struct TrialSchedule: Sendable {
    /// What the models of the worker say at one moment.
    package struct Observation: Sendable {
        /// Jobs that wait for a trial, by model.
        package var trials: [Int]
        /// Whether anything runs.
        package var isRunning: Bool
        /// Whether no trial can begin soon: a model is being loaded, or a run takes far longer than was to be expected.
        /// To hold the others for that would be in vain.
        package var isBlocked: Bool
        /// Whether anything waits that needs no trial.
        package var isWaiting: Bool

        package init(trials: [Int], isRunning: Bool, isBlocked: Bool, isWaiting: Bool) {
            self.trials = trials
            self.isRunning = isRunning
            self.isBlocked = isBlocked
            self.isWaiting = isWaiting
        }
    }

    package enum Step: Sendable, Equatable {
        /// Until something changes, at most so long.
        case sleep(Duration?)
        case hold
        case release
        /// Mark and run the next one of this model, and say `ended` then.
        case `try`(model: Int)
    }

    package enum Phase: Sendable, Equatable {
        /// Can go to: holding. While others wait not before `until`.
        case open(until: Timestamp?)
        /// Can go to: open.
        case holding(since: Timestamp, tried: Int)
    }

    /// How long a turn tries jobs while others wait.
    package static let length = Duration.milliseconds(100)
    package static let longestPatience = Duration.seconds(60)
    /// How often it looks whether a run has become a long one, or a long one has ended.
    package static let look = Duration.seconds(1)

    package private(set) var phase = Phase.open(until: nil)
    private var patience = Duration.seconds(1)
    private var lastModel = -1

    package init() {}

    package var isHolding: Bool { if case .holding = phase { true } else { false } }

    /// - Parameter now: monotonic.
    package mutating func step(_ seen: Observation, now: Timestamp) -> Step {
        let model = next(seen.trials)
        switch phase {
        case .open(let until):
            guard model != nil else { return .sleep(nil) }
            if seen.isBlocked { return .sleep(Self.look) }
            if seen.isWaiting, let until, until > now { return .sleep(until - now) }
            phase = .holding(since: now, tried: 0)
            return .hold
        case .holding(let since, let tried):
            let held = now - since
            guard let model else { return open(after: held, now: now) }
            if seen.isBlocked { return open(after: held, now: now) }
            if seen.isRunning {
                guard held >= patience else { return .sleep(min(patience - held, Self.look)) }
                patience = min(patience * 2, Self.longestPatience)
                return open(after: held, now: now)
            }
            patience = .seconds(1)
            if tried > 0, held >= Self.length, seen.isWaiting { return open(after: held, now: now) }
            lastModel = model
            return .try(model: model)
        }
    }

    /// The trial is over, whatever came of it.
    package mutating func ended() {
        guard case .holding(let since, let tried) = phase else { return }
        phase = .holding(since: since, tried: tried + 1)
    }

    private mutating func open(after held: Duration, now: Timestamp) -> Step {
        phase = .open(until: now + held)
        return .release
    }

    /// Models take turns.
    private func next(_ trials: [Int]) -> Int? {
        guard !trials.isEmpty else { return nil }
        return (1...trials.count).lazy.map { (self.lastModel + $0) % trials.count }.first { trials[$0] > 0 }
    }
}

extension TrialSchedule.Observation {
    /// Adds what one more model says.
    package mutating func add(_ ledger: ModelLedger, steady: Timestamp) {
        trials.append(ledger.trials.count)
        isRunning = isRunning || !ledger.runs.isEmpty
        isBlocked = isBlocked || ledger.hasLongRun(steady: steady)
        isWaiting = isWaiting || ledger.waitingJobs > 0
    }
}
