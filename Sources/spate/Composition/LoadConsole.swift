import ArgumentParser
import Glibc
import LoadGenerator
import Time
import Traffic

/// Runs a load with its live line, and shows the report.
enum LoadConsole {
    static let stopWords = "stopping, to report what came until now; Ctrl-C again ends at once"

    /// Asks the service first, so that a load is not sent to nobody; says what the report will lack.
    static func carryOut(
        _ run: LoadRun, clock: LiveDisplay.Clock?, stop: StopSignals
    ) async throws -> TrafficReport {
        let found = try await run.preflight()
        for warning in found.warnings { Terminal.error("spate: \(warning)") }
        var named = run
        named.environment?.service = found.service
        let display = LiveDisplay(descriptor: STDOUT_FILENO, duration: run.duration, clock: clock)
        let result: Result<TrafficReport, any Error>
        do {
            let run = named
            result = .success(try await stop.stoppable { try await run.run { await display.show($0) } })
        } catch {
            result = .failure(error)
        }
        // A run that failed ends its line, too.
        await display.finish()
        return try result.get()
    }

    /// Prints the report and writes it as JSON and as one HTML page.
    static func publish(_ report: TrafficReport, to folder: String) throws {
        let writer = ReportWriter(report)
        // Written first: a terminal that is gone must not cost the report.
        let paths = try writer.write(to: folder)
        try Terminal.result(writer.text() + "\nreport   \(paths.html)\n         \(paths.json)")
    }

    /// The status that tells why a command did not come to a report.
    static func exit(_ error: any Error, of command: String) -> any Error {
        if let code = error as? ExitCode { return code }
        // Stopped before there was a service to send to; what was started ends with this process.
        if error is CancellationError { return ExitCode(130) }
        Terminal.error("spate \(command): \(error)")
        let isInput = (error as? LoadError)?.cause == .input
        return ExitCode(isInput ? 78 : 69)
    }

    /// Ends a command by what its run came to: 130 (as a shell says of Ctrl-C) when it was stopped, 1 when it failed.
    static func conclude(_ report: TrafficReport) throws {
        if report.conclusion == .stopped { throw ExitCode(130) }
        if !report.verdict.isOK { throw ExitCode(1) }
    }
}
