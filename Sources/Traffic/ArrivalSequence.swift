import func Glibc.log

/// How calls are placed in time around their expected rate.
package enum ArrivalProcess: String, Sendable, CaseIterable, Codable {
    /// Independent callers: gaps are exponential, so calls bunch as real traffic does.
    case poisson
    /// As regular as the rate allows: call k at the moment at which k - 1/2 calls are expected.
    case even
}

/// The moments at which calls arrive, in order: the same for the same profile, process and generator.
///
/// Both processes walk along Λ, the expected number of calls, and map each position back to a time by Λ⁻¹:
/// steps of exactly 1 give the even process, exponential steps of mean 1 the Poisson process of rate λ(t).
///
/// - Source: inversion of the cumulative rate, Çinlar, "Introduction to Stochastic Processes" (1975), section 4.7.
package struct ArrivalSequence<Generator: RandomNumberGenerator>: Sequence, IteratorProtocol {
    private let profile: ArrivalProfile
    private let process: ArrivalProcess
    private var generator: Generator
    /// Λ at the last arrival.
    private var position: Double

    package init(_ profile: ArrivalProfile, process: ArrivalProcess, using generator: Generator) {
        self.profile = profile
        self.process = process
        self.generator = generator
        self.position = process == .even ? -0.5 : 0
    }

    /// The next arrival, counted from the profile's start; `nil` once the profile is over.
    package mutating func next() -> Duration? {
        switch process {
        case .even: position += 1
        case .poisson:
            // 53 random bits in (0, 1]: log never sees zero.
            let uniform = (Double(generator.next() >> 11) + 1) * 0x1p-53
            position -= log(uniform)
        }
        return profile.time(ofExpectedCalls: position)
    }

    /// The first arrival later than `elapsed`; arrivals before it are passed over.
    package mutating func nextArrival(after elapsed: Duration) -> Duration? {
        let passed = profile.expectedCalls(until: elapsed)
        switch process {
        case .even: if passed > position + 1 { position = (passed + 0.5).rounded(.down) - 0.5 }
        case .poisson: position = Swift.max(position, passed)
        }
        while let arrival = next() {
            if arrival > elapsed { return arrival }
        }
        return nil
    }
}

extension ArrivalSequence: Sendable where Generator: Sendable {}
