import ArgumentParser
import Foundation
import Gateway
import Settings
import Time

/// `spate check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the cluster file and every model file; start nothing.",
        discussion: "Prints what would be served and exits 0, or every finding with line and column and exits 1.")

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The cluster file, in place of --config.") var file: String?

    func run() throws {
        let report: SettingsCheck
        do {
            let environment = try SettingsOverrides(environment: ProcessInfo.processInfo.environment)
            report = SettingsCheck.report(
                path: file ?? cluster.config, overrides: SettingsOverrides(redisURL: cluster.redis).over(environment))
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(1)
        }
        guard let settings = report.settings else {
            Terminal.error(report.description)
            throw ExitCode(1)
        }
        try Terminal.result(report.description)
        let now = Timestamp(microseconds: Int64(Date.now.timeIntervalSince1970 * 1e6))
        for event in settings.scaler.calendar where event.isOver(at: now) {
            Terminal.error(
                "spate: note: the calendar's event '\(event.text)' is over; nothing is expected of it any more")
        }
        do {
            _ = try ModelCatalog.read(settings)
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(1)
        }
    }
}
