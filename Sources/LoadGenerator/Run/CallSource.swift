import Random
import Traffic

/// Decides which calls a run makes: when, with which request, in which form. All of it follows from the seed.
struct CallSource {
    enum Plan {
        case open(LoadProfile, ArrivalProfile)
        /// Every connection makes its next call when the last one ended, until `duration` is over.
        case closed(connections: Int, duration: Duration, asynchronousShare: Double)
    }

    let plan: Plan
    private let runID: String
    private let requestCount: Int
    private var arrivals: ArrivalSequence<SeededGenerator>?
    private var generator: SeededGenerator
    private var number = 0

    /// - Parameter runID: Makes keys differ from those of other runs.
    init(plan: Plan, requestCount: Int, seed: UInt64, runID: String) {
        self.plan = plan
        self.runID = runID
        self.requestCount = requestCount
        // The streams are apart, so that a change of the mix leaves the arrivals as they are.
        self.generator = SeededGenerator(seed: seed ^ 0xA5A5_5A5A_0F0F_F0F0)
        if case .open(let profile, let shape) = plan {
            arrivals = ArrivalSequence(shape, process: profile.process, using: SeededGenerator(seed: seed))
        }
    }

    /// Open loop: the moment of the next arrival; `nil` when there is none left.
    mutating func nextArrival() -> Duration? { arrivals?.next() }

    mutating func makeCall(intended: Duration) -> Call {
        number += 1
        let (asynchronousShare, resubmittedShare): (Double, Double) =
            switch plan {
            case .open(let profile, _): (profile.asynchronousShare, profile.resubmittedShare)
            case .closed(_, _, let share): (share, 0)
            }
        let request = Int.random(in: 0..<requestCount, using: &generator)
        let isAsynchronous = Double.random(in: 0..<1, using: &generator) < asynchronousShare
        let isAudited = Double.random(in: 0..<1, using: &generator) < resubmittedShare
        return Call(
            request: request, intended: intended, key: isAsynchronous ? "\(runID)-\(number)" : nil, isAudited: isAudited
        )
    }
}
