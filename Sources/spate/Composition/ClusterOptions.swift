import ArgumentParser
import Foundation
import Logging
import Observability
import Settings

/// Options that every command with a cluster file takes.
struct ClusterOptions: ParsableArguments {
    @Option(help: "The cluster file; it explains every setting.")
    var config = "cluster/spate.yaml"

    @Option(
        help:
            "Redis to use in place of the file's: redis://, rediss:// or unix://. SPATE_REDIS_URL keeps a password out of the process list."
    )
    var redis: String?

    @Option(help: "Least severe log level: trace, debug, info, notice, warning, error or critical.")
    var logLevel: LoggingSettings.Level?

    @Option(help: "text or json.")
    var logFormat: LoggingSettings.Format?

    /// The settings, with flags over environment over file. Prints every finding and exits 78 (EX_CONFIG) when something is wrong.
    func load(host: String? = nil, port: Int? = nil, adminPort: Int? = nil) throws -> ClusterSettings {
        do {
            let environment = try SettingsOverrides(environment: ProcessInfo.processInfo.environment)
            let flags = SettingsOverrides(redisURL: redis, host: host, port: port, adminPort: adminPort)
            var settings = try ClusterSettings.load(path: config, overrides: flags.over(environment))
            if let logLevel { settings.logging.level = logLevel }
            if let logFormat { settings.logging.format = logFormat }
            return settings
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(78)
        }
    }
}

extension LoggingSettings.Level: ExpressibleByArgument {}
extension LoggingSettings.Format: ExpressibleByArgument {}

extension LoggingSettings {
    /// The log of one role of this process.
    func output(role: String) -> LogOutput {
        LogOutput(
            role: role, level: Logger.Level(rawValue: level.rawValue) ?? .info, format: format == .json ? .json : .text)
    }
}
