import ArgumentParser
import Jobs
import Scaler
import Settings
import Time

/// `spate why`
struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain why pools have, or had, their number of workers.",
        discussion: """
            The recorded observation is decided again: first as it was, which must give the same decision byte for byte,
            then with one thing changed at a time, which tells what would have given more or fewer workers.
            """)

    @OptionGroup var options: OperatorOptions
    @Argument(help: "The moment, in UTC: 08:30, 2026-06-01T08:30:00Z, or 10m (ago). Now when not given.")
    var time: String?
    @Option(help: "Only this pool.") var pool: String?
    @Flag(help: "As JSON, as GET /admin/why gives it.") var json = false

    func run() async throws {
        let query = OperatorQuery(["time": time ?? ""])
        let pool = pool
        let (asked, explanations, faults) = try await options.use { desk, _ in
            let now = desk.now
            let moment = try query.moment("time", now: now) ?? now
            let faults = try await desk.faults().current(at: now).filter { pool == nil || $0.pool == pool }
            return (moment, try await desk.why(pool: pool, at: moment), faults)
        }
        if json { return try Terminal.result(JSONLines.text(explanations)) }
        // Of now, whatever moment was asked about: no worker is started for it.
        for fault in faults {
            try Terminal.result("pool \(fault.pool) cannot serve \(fault.queue ?? "anything") now: \(fault.reason)")
        }
        if explanations.isEmpty {
            return try Terminal.result(
                "no decision is on record at \(MomentText.text(asked)) or in the seven days before")
        }
        for explanation in explanations {
            try Terminal.result(ExplanationText.lines(explanation, asked: asked).joined(separator: "\n"))
        }
    }
}
