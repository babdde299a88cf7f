import NIOCore
import Traffic

/// One call on its way from arrival to ending: what to do next, decided without clock, socket or timer.
///
/// Every reply leads to exactly one action, and `end` comes exactly once.
struct Call: Sendable {
    enum Phase: Sendable, Equatable {
        /// Can go to: following (accepted), ended.
        case submitting
        /// Can go to: auditing (chosen for a second submit), ended.
        case following(job: String)
        /// Submitted again under the same key. Can go to: comparing, ended.
        case auditing(job: String)
        /// Reads the job that the second submit named. Can go to: ended.
        case comparing(job: String, isSecondJob: Bool)
        case ended
    }

    enum Action: Sendable, Equatable {
        case submit(after: Duration)
        case follow(job: String, after: Duration)
        case end(CallEnding)
    }

    /// Bounds of patience, the same for all calls of a run.
    struct Policy: Sendable {
        /// Submits that are repeated after a 429 or 503.
        var maximumRefusals = 20
        /// Submits that are repeated after a broken connection.
        var maximumBreaks = 3
        /// Pause where the service names none; doubles with each repetition.
        var firstPause = Duration.milliseconds(100)
        var longestPause = Duration.seconds(5)
        /// Between two questions for a job; keeps a service that does not wait from being asked in a tight loop.
        var questionPause = Duration.milliseconds(20)

        func pause(_ repetition: Int) -> Duration {
            min(firstPause * (1 << min(max(repetition - 1, 0), 10)), longestPause)
        }
    }

    let request: Int
    let intended: Duration
    /// Present in asynchronous calls.
    let key: String?
    let isAudited: Bool
    private(set) var phase = Phase.submitting
    private(set) var isAccepted = false
    private(set) var refusals = 0
    private(set) var breaks = 0
    /// When the first request left.
    var sent: Duration?
    /// When the result came; an audit afterwards does not count into the latency.
    private(set) var answered: Duration?
    private var answer: ByteBuffer?
    private var ending: CallEnding?

    init(request: Int, intended: Duration, key: String?, isAudited: Bool) {
        self.request = request
        self.intended = intended
        self.key = key
        self.isAudited = isAudited && key != nil
    }

    mutating func received(_ reply: CallReply, policy: Policy, at now: Duration) -> Action {
        switch phase {
        case .submitting: submitted(reply, policy, now)
        case .following(let job): followed(reply, job, policy, now)
        case .auditing(let job): audited(reply, job)
        case .comparing(let job, let isSecondJob): compared(reply, job, isSecondJob, policy)
        case .ended: preconditionFailure("a reply came to a call that has ended")
        }
    }

    enum End: Sendable {
        /// The follow-up is over: whatever was accepted has had its time.
        case followUp
        /// Somebody stopped the run.
        case stop
    }

    /// Ends the call from outside.
    mutating func abandon(_ end: End) -> CallEnding {
        defer { phase = .ended }
        switch (phase, end) {
        case (.submitting, .followUp): return sent == nil ? .unsent : .unanswered("no answer by the end of the run")
        case (.submitting, .stop): return sent == nil ? .unsent : .interrupted
        case (.following, .followUp): return .lost("accepted, not finished by the end of the follow-up")
        case (.following, .stop): return .interrupted
        case (.auditing, _), (.comparing, _): return ending ?? .right
        case (.ended, _): preconditionFailure("a call that has ended was abandoned")
        }
    }

    private mutating func submitted(_ reply: CallReply, _ policy: Policy, _ now: Duration) -> Action {
        switch reply {
        case .result(let difference, _):
            isAccepted = true
            answered = now
            return end(difference.map { .wrong($0) } ?? .right)
        case .accepted(let job):
            isAccepted = true
            phase = .following(job: job)
            return .follow(job: job, after: .zero)
        case .refused(let after):
            refusals += 1
            if refusals > policy.maximumRefusals { return end(.refused) }
            return .submit(after: after ?? policy.pause(refusals))
        case .broken(let reason):
            breaks += 1
            if breaks > policy.maximumBreaks { return end(.unanswered(reason)) }
            return .submit(after: policy.pause(breaks))
        case .expired: return end(.expired)
        case .failed(let reason), .unknownJob(let reason): return end(.failed(reason))
        case .unsettled: return end(.failed("a submit was answered like a question for a job"))
        }
    }

    private mutating func followed(_ reply: CallReply, _ job: String, _ policy: Policy, _ now: Duration) -> Action {
        switch reply {
        case .result(let difference, let body):
            answered = now
            ending = difference.map { .wrong($0) } ?? .right
            guard isAudited else { return end(ending ?? .right) }
            answer = body
            phase = .auditing(job: job)
            return .submit(after: .zero)
        case .unsettled:
            breaks = 0
            return .follow(job: job, after: policy.questionPause)
        // An accepted job is followed until the run gives it up: a refused or broken question proves nothing.
        case .refused(let after): return .follow(job: job, after: after ?? policy.longestPause / 10)
        case .broken:
            breaks += 1
            return .follow(job: job, after: policy.pause(breaks))
        case .unknownJob(let reason): return end(.lost(reason))
        case .expired: return end(.expired)
        case .failed(let reason): return end(.failed(reason))
        case .accepted: return end(.failed("a question for a job was answered like a submit"))
        }
    }

    private mutating func audited(_ reply: CallReply, _ job: String) -> Action {
        // Whatever stands in the audit's way leaves the first answer as it is.
        guard case .accepted(let second) = reply else { return end(ending ?? .right) }
        phase = .comparing(job: second, isSecondJob: second != job)
        return .follow(job: second, after: .zero)
    }

    private mutating func compared(
        _ reply: CallReply, _ job: String, _ isSecondJob: Bool, _ policy: Policy
    ) -> Action {
        switch reply {
        case .result(_, let body):
            if isSecondJob { return end(.duplicated("two finished jobs for one Idempotency-Key")) }
            return end(body == answer ? ending ?? .right : .duplicated("two answers for one Idempotency-Key"))
        case .unsettled: return .follow(job: job, after: policy.questionPause)
        case .refused, .broken, .unknownJob, .expired, .failed, .accepted: return end(ending ?? .right)
        }
    }

    private mutating func end(_ ending: CallEnding) -> Action {
        phase = .ended
        return .end(ending)
    }
}
