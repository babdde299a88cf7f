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
        if report.verdict.isOK { return "Passed" }
        let others = report.verdict.problems.filter { !$0.hasPrefix("stopped") && $0 != "nothing finished" }
        let isStopped = report.conclusion == .stopped
        if isStopped, others.isEmpty { return "Stopped after \(Figures.duration(report.durationSeconds))" }
        return "Failed: " + report.verdict.problems.joined(separator: ", ")
    }

    var verdictDetail: String {
        if report.verdict.isOK { return "nothing lost, nothing duplicated; \(answers)" }
        if verdict.hasPrefix("Stopped") { return "until then nothing lost, duplicated or failed; \(answers)" }
        return "passed means: nothing lost, duplicated, unanswered or failed, no answer wrong; \(answers)"
    }

    /// How many answers were looked at, and whether they were right: only what was compared can be called right.
    var answers: String {
        let counts = report.counts
        guard counts.finished > 0 else { return "no answer came" }
        guard counts.checked > 0 else { return "answers not checked, since the recording expects none" }
        let share = counts.checked == counts.finished
        let subject =
            share
            ? "all \(Figures.count(counts.checked)) answers checked"
            : "\(Figures.count(counts.checked)) of \(Figures.count(counts.finished)) answers checked"
        guard counts.wrong == 0 else { return "\(subject), \(Figures.count(counts.wrong)) of them wrong" }
        return share ? "\(subject) and right" : "\(subject), these right"
    }

    /// Where and with what the run was made, each with its name.
    var environment: [(name: String, value: String)] {
        guard let environment = report.description.environment else { return [] }
        var rows = [
            ("spate", environment.version + (environment.commit.map { ", commit \($0.prefix(12))" } ?? "")),
            ("machine", environment.machine),
            (
                "cores",
                "\(environment.cores)"
                    + (environment.memoryBytes.map {
                        ", \(Figures.decimal(Double($0) / 1_073_741_824, 1)) GiB of memory"
                    }
                        ?? "")
            ),
        ]
        if let config = environment.config { rows.append(("cluster file", config)) }
        if let service = environment.service { rows.append(("service", service)) }
        rows.append(("command", environment.command))
        return rows.map { (name: $0.0, value: $0.1) }
    }

    /// Kinds of calls, where there is more than one.
    var kinds: [TrafficReport.Kind] {
        let kinds = report.kinds ?? []
        return kinds.count > 1 ? kinds : []
    }

    /// Calls of a kind that did not end well, as `3 wrong, 1 failed`.
    static func troubles(_ counts: TrafficCounts) -> String {
        let all = [
            (counts.lost, "lost"), (counts.duplicated, "duplicated"), (counts.wrong, "wrong"),
            (counts.failed, "failed"), (counts.unanswered, "unanswered"), (counts.expired, "expired"),
            (counts.refused, "refused"),
        ]
        return all.filter { $0.0 > 0 }.map { "\(Figures.count($0.0)) \($0.1)" }.joined(separator: ", ")
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
            Count(
                name: "checked", count: counts.checked, meaning: "of these, compared with the expected answer",
                isBad: false),
            Count(name: "lost", count: counts.lost, meaning: "accepted and never finished", isBad: counts.lost > 0),
            Count(
                name: "duplicated", count: counts.duplicated, meaning: "finished twice", isBad: counts.duplicated > 0),
            Count(name: "wrong", count: counts.wrong, meaning: "another answer than expected", isBad: counts.wrong > 0),
            Count(name: "failed", count: counts.failed, meaning: "the service gave an error", isBad: counts.failed > 0),
            Count(
                name: "unanswered", count: counts.unanswered, meaning: "no answer came, or no connection",
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
            Count(
                name: "interrupted", count: counts.interrupted, meaning: "open when the run was stopped", isBad: false),
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
