import Reports
import Traffic

/// The sentences that the screen and the page share.
struct ReportWords {
    struct Count {
        var name: String
        var count: Int
        var meaning: String
        var isBad: Bool
    }

    let report: TrafficReport

    static func ratio(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

    var verdict: String {
        report.verdict.isOK ? "Passed" : "Failed: " + report.verdict.problems.joined(separator: ", ")
    }

    var verdictDetail: String {
        report.verdict.isOK
            ? "nothing lost, nothing duplicated, every answer right"
            : "passed means: nothing lost, duplicated, unanswered or failed, every answer right"
    }

    /// Which model, how many calls, how long.
    var subject: String {
        let description = report.description
        let model = description.model.isEmpty ? "" : "Model \(description.model), "
        return "\(model)\(Figures.count(report.counts.offered)) calls in \(Figures.duration(report.durationSeconds)), "
            + "\(Figures.decimal(report.finishedPerSecond, 1)) answers per second on average"
    }

    /// How the calls were made.
    var manner: String {
        let description = report.description
        let form =
            switch description.asynchronousShare {
            case 0: "synchronous"
            case 1: "asynchronous"
            case let share: "\(Figures.share(share)) asynchronous"
            }
        switch description.loop {
        case .closed:
            return
                "Closed loop: \(Figures.count(description.connections ?? 0)) connections, each sends when its last call is answered; \(form). Such latencies are not those under a given load."
        case .open:
            let speed =
                description.speed == 1
                ? ""
                : ", \(Figures.decimal(description.speed, description.speed.rounded() == description.speed ? 0 : 1)) times as fast as the clock"
                    + (description.compression == .calls ? " (all calls kept)" : " (calls per second kept)")
            let process = description.process == .even ? "even" : "Poisson"
            let deadline = description.deadlineSeconds.map { "; deadline \(Figures.duration($0))" } ?? ""
            return "Open loop, \(process) arrivals\(speed); \(form)\(deadline)"
        }
    }

    var counts: [Count] {
        let counts = report.counts
        var rows = [
            Count(name: "offered", count: counts.offered, meaning: "calls that arrived", isBad: false),
            Count(name: "accepted", count: counts.accepted, meaning: "taken on by the service", isBad: false),
            Count(name: "finished", count: counts.finished, meaning: "answered with a result", isBad: false),
            Count(name: "lost", count: counts.lost, meaning: "accepted and never finished", isBad: counts.lost > 0),
            Count(
                name: "duplicated", count: counts.duplicated, meaning: "finished twice", isBad: counts.duplicated > 0),
            Count(name: "wrong", count: counts.wrong, meaning: "another answer than expected", isBad: counts.wrong > 0),
            Count(name: "failed", count: counts.failed, meaning: "the service gave an error", isBad: counts.failed > 0),
            Count(
                name: "unanswered", count: counts.unanswered, meaning: "sent, and no answer came",
                isBad: counts.unanswered > 0),
            Count(
                name: "expired", count: counts.expired, meaning: "given up by the service at the deadline", isBad: false
            ),
            Count(
                name: "refused", count: counts.refused, meaning: "not accepted (429, 503), retries used up",
                isBad: false),
        ]
        if report.description.deadlineSeconds != nil {
            rows.append(Count(name: "late", count: counts.late, meaning: "finished after the deadline", isBad: false))
        }
        let optional = [
            Count(name: "unsent", count: counts.unsent, meaning: "not sent before the run was stopped", isBad: false),
            Count(name: "refusals", count: counts.refusals, meaning: "answers 429 and 503", isBad: false),
            Count(
                name: "retried", count: counts.retried,
                meaning: "requests sent again after these or a broken connection", isBad: false),
            Count(
                name: "resubmitted", count: counts.resubmitted, meaning: "sent twice on purpose under one key",
                isBad: false),
        ]
        return rows + optional.filter { $0.count > 0 }
    }
}
