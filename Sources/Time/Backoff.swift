/// The pauses between attempts that fail: doubling from `first` to `longest`.
///
/// | failures in a row, `first` 50 ms, `longest` 2 s | 1 | 2 | 5 | 7 and more |
/// |---|---|---|---|---|
/// | pause | 50 ms | 100 ms | 800 ms | 2 s |
package struct Backoff: Sendable, Equatable {
    private let first: Duration
    private let longest: Duration
    /// Since the last success.
    package private(set) var failures = 0

    package init(first: Duration = .milliseconds(50), longest: Duration = .seconds(2)) {
        self.first = first
        self.longest = longest
    }

    package mutating func succeeded() { failures = 0 }

    package mutating func failed() -> Duration {
        failures += 1
        return Self.pause(after: failures, first: first, longest: longest)
    }

    /// With jitter over the upper half: clients that lost one server together do not come back together.
    package mutating func failed(using generator: inout some RandomNumberGenerator) -> Duration {
        failed() * Double.random(in: 0.5...1, using: &generator)
    }

    /// - Parameter failures: in a row, from 1.
    package static func pause(after failures: Int, first: Duration, longest: Duration) -> Duration {
        min(first * (1 << min(max(failures - 1, 0), 30)), longest)
    }
}
