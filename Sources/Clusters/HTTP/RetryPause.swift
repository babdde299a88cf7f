/// The pause before a control plane that did not answer is asked again: doubles from `first` to `longest`, with jitter
/// over the upper half, so that scalers which lost one server together do not come back together.
///
/// | failures in a row | pause before jitter |
/// |---|---|
/// | 1 | 100 ms |
/// | 4 | 800 ms |
/// | 8 and more | 10 s |
package struct RetryPause: Sendable {
    private let first: Duration
    private let longest: Duration
    private var failures = 0

    package init(first: Duration = .milliseconds(100), longest: Duration = .seconds(10)) {
        self.first = first
        self.longest = longest
    }

    package mutating func reset() { failures = 0 }

    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(first * (1 << min(failures, 16)), longest)
        failures += 1
        return ceiling * Double.random(in: 0.5...1, using: &generator)
    }
}
