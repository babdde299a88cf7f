import ArgumentParser
import Scaler

/// `spate pools`
struct Pools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show each pool: workers, limits, cost, start-up times, and what is set by hand.")

    @OptionGroup var options: OperatorOptions
    @Flag(help: "As JSON, as GET /admin/pools gives it.") var json = false

    func run() async throws {
        let report = try await options.use { desk, _ in try await desk.pools() }
        try Terminal.result(json ? JSONLines.text(report) : report.text)
    }
}
