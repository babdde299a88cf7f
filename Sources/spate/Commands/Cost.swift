import ArgumentParser
import Jobs
import Operations
import Scaler
import Settings
import Time

/// `spate cost`
struct Cost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show worker-seconds and money by pool and model, and what was wasted on idling and start-ups.",
        discussion: "The scaler counts; hours are kept for 36 days. Prices are those of the time (price_per_hour).")

    @OptionGroup var options: OperatorOptions
    @Option(help: "From that moment on: 08:30, 2026-06-01T08:30:00Z, or 24h (ago). A day when not given.")
    var since: String?
    @Option(help: "Up to that moment.") var to: String?
    @Option(
        help: "Also search for the cheapest policy that keeps so many percent of the deadlines on the recorded traffic."
    )
    var objective: Double?
    @Flag(help: "As JSON, as GET /admin/cost gives it.") var json = false

    func validate() throws {
        if let objective, !(0...100).contains(objective) {
            throw ValidationError("--objective is a percentage, 0 to 100, as in 99.9")
        }
    }

    func run() async throws {
        let query = OperatorQuery(["since": since ?? "", "to": to ?? ""])
        var (report, arrivals, settings, start) = try await options.use { desk, _ in
            let span = try query.span(now: desk.now, default: .seconds(86_400))
            return (
                try await desk.cost(from: span.from, to: span.to),
                try await desk.arrivals(from: span.from, to: span.to),
                desk.settings, span.from
            )
        }
        if let objective {
            report.cheapest = CheapestPolicy.search(
                arrivals, start: start, settings: settings, objective: objective / 100)
        }
        try Terminal.result(json ? JSONLines.text(report) : report.text)
        if objective != nil, report.cheapest == nil {
            Terminal.error("spate: no arrivals are on record for that time, so there is nothing to search on")
        }
    }
}
