package import Traffic

/// A load profile, checked: what arrives when, in which form, and what counts as late.
package struct LoadProfile: Sendable, Equatable {
    package var name: String
    /// Serves the requests whose recording names no model.
    package var model: String?
    package var arrivals: ArrivalProfile
    package var process: ArrivalProcess
    /// The share of calls that ask for an asynchronous answer, 0 (all wait) to 1 (all collect later).
    package var asynchronousShare: Double
    /// Sent with each request as `deadline_ms`; a call that finishes later, counted from its intended time, is late.
    package var deadline: Duration?
    /// The share of asynchronous calls that are submitted a second time under the same key, 0 to 1.
    package var resubmittedShare: Double

    package init(
        name: String, model: String? = nil, arrivals: ArrivalProfile, process: ArrivalProcess = .poisson,
        asynchronousShare: Double = 0, deadline: Duration? = nil, resubmittedShare: Double = 0
    ) {
        self.name = name
        self.model = model
        self.arrivals = arrivals
        self.process = process
        self.asynchronousShare = asynchronousShare
        self.deadline = deadline
        self.resubmittedShare = resubmittedShare
    }
}
