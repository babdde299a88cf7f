import ArgumentParser
import Scaler
import Time

/// `spate decisions`
struct Decisions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the scaler decided, and why, newest first; they are kept for seven days.")

    @OptionGroup var options: OperatorOptions
    @Option(help: "How many, 1 to 10000.") var count = 20
    @Option(help: "Only of this pool.") var pool: String?
    @Option(help: "From that moment on: 08:30, 2026-06-01T08:30:00Z, or 2h (ago). Seven days when not given.")
    var since: String?
    @Option(help: "Up to that moment.") var to: String?
    @Flag(help: "One JSON document a line, with inputs, candidates and guards.") var json = false

    func validate() throws {
        guard (1...10_000).contains(count) else { throw ValidationError("--count must be 1 to 10000") }
    }

    func run() async throws {
        let query = OperatorQuery(["since": since ?? "", "to": to ?? ""])
        let (pool, count) = (pool, count)
        let decisions = try await options.use { desk, _ in
            let span = try query.span(now: desk.now, default: .seconds(7 * 86_400))
            return try await desk.decisions(from: span.from, to: span.to, pool: pool, limit: count)
        }
        if decisions.isEmpty { try Terminal.result("no decision is recorded") }
        for decision in decisions { try Terminal.result(json ? decision : StatusText.decision(decision)) }
    }
}
