import ArgumentParser
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
        let (asked, explanations) = try await options.use { desk, _ in
            let moment = try query.moment("time", now: desk.now) ?? desk.now
            return (moment, try await desk.why(pool: pool, at: moment))
        }
        if json { return try Terminal.result(JSONLines.text(explanations)) }
        if explanations.isEmpty {
            return try Terminal.result(
                "no decision is on record at \(MomentText.text(asked)) or in the seven days before")
        }
        for explanation in explanations {
            try Terminal.result(ExplanationText.lines(explanation, asked: asked).joined(separator: "\n"))
        }
    }
}
