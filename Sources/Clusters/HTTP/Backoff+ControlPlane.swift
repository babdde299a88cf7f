package import Time

extension Backoff {
    /// Before a control plane that did not answer is asked again: 100 ms after the first failure, 10 s from the eighth on.
    package static var controlPlane: Backoff { Backoff(first: .milliseconds(100), longest: .seconds(10)) }
}
