import Glibc
import LoadGenerator
import Time
import Traffic

/// Runs a load with its live line, and shows the report.
enum LoadConsole {
    static func carryOut(_ run: LoadRun, clock: LiveDisplay.Clock?) async throws -> TrafficReport {
        let display = LiveDisplay(descriptor: STDOUT_FILENO, duration: run.duration, clock: clock)
        let report = try await run.run { await display.show($0) }
        await display.finish()
        return report
    }

    /// Prints the report and writes it as JSON and as one HTML page.
    static func publish(_ report: TrafficReport, to folder: String) throws {
        let writer = ReportWriter(report)
        Terminal.line(writer.text())
        let paths = try writer.write(to: folder)
        Terminal.line("report   \(paths.html)\n         \(paths.json)")
    }
}
