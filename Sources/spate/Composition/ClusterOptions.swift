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
            let overrides = try overrides(host: host, port: port, adminPort: adminPort)
            return adjusted(try ClusterSettings.load(path: config, overrides: overrides))
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(78)
        }
    }

    /// The files behind `settings`, to be looked at for changes; flags and environment still win.
    /// - Parameter further: what else the command changes in settings that are read again.
    func watch(
        _ settings: ClusterSettings, host: String? = nil, port: Int? = nil, adminPort: Int? = nil,
        further: @escaping @Sendable (ClusterSettings) -> ClusterSettings = { $0 }
    ) throws -> SettingsWatch {
        let (logLevel, logFormat) = (logLevel, logFormat)
        return SettingsWatch(
            path: config, overrides: try overrides(host: host, port: port, adminPort: adminPort), settings: settings,
            adjusted: { further(Self.adjusted($0, level: logLevel, format: logFormat)) })
    }

    private func overrides(host: String?, port: Int?, adminPort: Int?) throws(SettingsError) -> SettingsOverrides {
        let environment = try SettingsOverrides(environment: ProcessInfo.processInfo.environment)
        for (option, value) in [("--port", port), ("--admin-port", adminPort)] {
            guard let value, !SettingsOverrides.ports.contains(value) else { continue }
            throw SettingsError(
                diagnostics: [
                    SettingsDiagnostic(
                        position: SettingsPosition(file: option),
                        message: "expected a port from 0 to 65535, found '\(value)'")
                ])
        }
        return SettingsOverrides(redisURL: redis, host: host, port: port, adminPort: adminPort).over(environment)
    }

    private func adjusted(_ settings: ClusterSettings) -> ClusterSettings {
        Self.adjusted(settings, level: logLevel, format: logFormat)
    }

    private static func adjusted(
        _ settings: ClusterSettings, level: LoggingSettings.Level?, format: LoggingSettings.Format?
    ) -> ClusterSettings {
        var settings = settings
        if let level { settings.logging.level = level }
        if let format { settings.logging.format = format }
        return settings
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
