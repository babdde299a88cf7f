import ArgumentParser
import Foundation
import Gateway
import Settings

/// `spate check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the cluster file and every model file; start nothing.",
        discussion: "Prints what would be served and exits 0, or every finding with line and column and exits 1.")

    @OptionGroup var cluster: ClusterOptions

    func run() throws {
        let report: SettingsCheck
        do {
            let environment = try SettingsOverrides(environment: ProcessInfo.processInfo.environment)
            report = SettingsCheck.report(
                path: cluster.config, overrides: SettingsOverrides(redisURL: cluster.redis).over(environment))
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(1)
        }
        guard let settings = report.settings else {
            Terminal.error(report.description)
            throw ExitCode(1)
        }
        Terminal.line(report.description)
        do {
            _ = try ModelCatalog.read(settings)
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(1)
        }
    }
}
