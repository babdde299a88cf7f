package import Time

/// Decides when to contend for a lease, and until when this process may act, from what the lease's keeper answered.
///
/// All times are of this process's own monotonic clock. The keeper counts the lease from when it hears a request, which is
/// never before the request was sent; this value counts from when it was sent and ends a tenth early. So it has ended here
/// before it ends there, as long as the clocks run at the same speed within a tenth (a crystal is within 0.01 %), however
/// late the answer comes.
///
/// | at | what | with the defaults |
/// |---|---|---|
/// | 0 s | contends, sent at 0 s, granted | may act until 2.7 s |
/// | 1 s | renews, granted | may act until 3.7 s |
/// | 2 s | renews, no answer | again every 0.2 s |
/// | 3.7 s | still no answer | may not act; no other can have it before 4 s |
package struct LeaseCandidacy: Sendable {
    package struct Timing: Sendable, Hashable {
        /// How long the keeper lets a lease stand after the last renewal. Default 3 s.
        package var lease: Duration
        /// Time between renewals, and at most between the looks of those that wait. Default 1 s.
        package var renewal: Duration
        /// Time after an attempt without an answer. Default 0.2 s.
        package var retry: Duration

        package init(
            lease: Duration = .seconds(3), renewal: Duration = .seconds(1), retry: Duration = .milliseconds(200)
        ) {
            self.lease = lease
            self.renewal = renewal
            self.retry = retry
        }

        /// How much earlier than the keeper the holder takes its lease for ended.
        package var margin: Duration { lease / 10 }
    }

    package enum Answer: Sendable, Hashable {
        /// Ours, new or renewed.
        case granted(epoch: Int64)
        /// Somebody else's, for this long unless renewed.
        case held(remaining: Duration)
        /// None came, or none that can be read: whether it was granted is not known.
        case unknown
    }

    package enum Step: Sendable, Hashable {
        case contend
        case wait(Duration)
    }

    package let timing: Timing
    /// The greatest epoch seen; a keeper that lost its memory starts above it.
    package private(set) var newestEpoch: Int64 = 0
    private var held: (epoch: Int64, ends: Timestamp)?
    private var next: Timestamp?

    package init(timing: Timing = Timing()) { self.timing = timing }

    /// What to do now. A wait ends at the next attempt, or when the tenure ends, whichever is earlier.
    package func step(at now: Timestamp) -> Step {
        guard let next, next > now else { return .contend }
        guard let held, held.ends > now else { return .wait(next - now) }
        return .wait(min(next, held.ends) - now)
    }

    /// - Parameters: `sent`, when the request left, at the latest; `now`, when its answer was there.
    package mutating func note(_ answer: Answer, sent: Timestamp, at now: Timestamp) {
        switch answer {
        case .granted(let epoch):
            newestEpoch = max(newestEpoch, epoch)
            held = (epoch, sent + timing.lease - timing.margin)
            next = sent + timing.renewal
        case .held(let remaining):
            held = nil
            // A little after the end, so that one look suffices.
            next = now + min(timing.renewal, max(remaining, .zero) + .milliseconds(2))
        case .unknown:
            // What was granted before stands until its end.
            next = now + timing.retry
        }
    }

    /// Epoch and end of the tenure; `nil` when this process may not act.
    package func tenure(at now: Timestamp) -> (epoch: Int64, ends: Timestamp)? {
        guard let held, held.ends > now else { return nil }
        return held
    }

    /// Gives up at once; contends no more.
    package mutating func resign() { held = nil }
}
