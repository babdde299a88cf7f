/// How many calls a run had and what became of them.
///
/// `offered = finished + failed + expired + refused + lost + unanswered + unsent + interrupted`; `wrong`, `late`,
/// `duplicated` and `checked` are among the finished. `refusals`, `retried` and `resubmitted` count requests, not calls.
package struct TrafficCounts: Sendable, Equatable, Codable {
    /// Calls that arrived.
    package var offered = 0
    /// Calls that the service took on: a 202, or any result.
    package var accepted = 0
    package var finished = 0
    package var failed = 0
    package var expired = 0
    package var refused = 0
    package var lost = 0
    package var unanswered = 0
    package var unsent = 0
    /// Open when somebody stopped the run.
    package var interrupted = 0
    /// Finished, and the answer was compared with the one that the recording expects.
    package var checked = 0
    /// Finished with an answer other than the expected one.
    package var wrong = 0
    /// Finished twice.
    package var duplicated = 0
    /// Finished after the call's deadline.
    package var late = 0
    /// Answers 429 and 503.
    package var refusals = 0
    /// Requests sent again after a refusal or a broken connection.
    package var retried = 0
    /// Submits repeated on purpose under the same key, to see whether they make a second job.
    package var resubmitted = 0

    package init() {}

    package var settled: Int { finished + failed + expired + refused + lost + unanswered + unsent + interrupted }

    /// Arrived and not settled.
    package var open: Int { offered - settled }

    /// What a report of an earlier version does not have counts as 0.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
        offered = try count(.offered)
        accepted = try count(.accepted)
        finished = try count(.finished)
        failed = try count(.failed)
        expired = try count(.expired)
        refused = try count(.refused)
        lost = try count(.lost)
        unanswered = try count(.unanswered)
        unsent = try count(.unsent)
        interrupted = try count(.interrupted)
        checked = try count(.checked)
        wrong = try count(.wrong)
        duplicated = try count(.duplicated)
        late = try count(.late)
        refusals = try count(.refusals)
        retried = try count(.retried)
        resubmitted = try count(.resubmitted)
    }

    mutating func add(_ ending: CallEnding, check: AnswerCheck = .compared) {
        if ending.isFinished, check == .compared { checked += 1 }
        switch ending {
        case .right: finished += 1
        case .wrong:
            finished += 1
            wrong += 1
        case .duplicated:
            finished += 1
            duplicated += 1
        case .failed: failed += 1
        case .expired: expired += 1
        case .refused: refused += 1
        case .lost: lost += 1
        case .unanswered: unanswered += 1
        case .unsent: unsent += 1
        case .interrupted: interrupted += 1
        }
    }
}

/// Whether a run may be called a success, and if not, why.
package struct TrafficVerdict: Sendable, Equatable, Codable {
    /// What speaks against it, most serious first; empty when all is well.
    package var problems: [String]

    package var isOK: Bool

    /// A run is a success only if something finished, nothing was lost, duplicated or left without an answer, and every
    /// answer was right. A failed call has no right answer, so it counts against the run; refused, expired and late
    /// calls do not: they were told so.
    ///
    /// - Parameter isStopped: Somebody ended the run before its end; that is no success either.
    package init(_ counts: TrafficCounts, isStopped: Bool = false) {
        let questions: [(Int, String)] = [
            (counts.lost, "lost"), (counts.duplicated, "duplicated"), (counts.wrong, "wrong"),
            (counts.unanswered, "unanswered"), (counts.failed, "failed"),
        ]
        problems = questions.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if counts.finished == 0 { problems.append("nothing finished") }
        if isStopped { problems.append("stopped before its end") }
        isOK = problems.isEmpty
    }
}
