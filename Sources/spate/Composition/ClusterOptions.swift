import ArgumentParser
import Foundation
import Logging
import Observability
import Settings

/// Options that every command with a cluster file takes.
struct ClusterOptions: ParsableArguments {
    @Option(help: "The cluster file; it explains every setting. SPATE_CONFIG names another default.")
    var config = ClusterOptions.defaultPath

    /// Where the cluster file is when nobody says so.
    static var defaultPath: String { ProcessInfo.processInfo.environment["SPATE_CONFIG"] ?? "cluster/spate.yaml" }

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
    func load(listen: ListenOptions? = nil) throws -> ClusterSettings {
        do {
            let overrides = try overrides(listen)
            return adjusted(try ClusterSettings.load(path: config, overrides: overrides))
        } catch {
            Terminal.error("\(error)\(hint)")
            throw ExitCode(78)
        }
    }

    /// The settings for a command to a cluster that runs: a file that was broken meanwhile does not lock its operator out.
    ///
    /// Exits 78 when there is no file and nothing else that says where the cluster is.
    /// - Parameter data: the folder of the private Redis, where the command was given one.
    func loadForOperator(data: String?) throws -> OperatorSettings {
        let overrides: SettingsOverrides
        do {
            overrides = try self.overrides(nil)
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(78)
        }
        guard let partial = ClusterSettings.partial(path: config, overrides: overrides) else {
            return .whole(adjusted(try load()))
        }
        guard partial.isFileThere || data != nil || overrides.redisURL != nil else {
            Terminal.error("\(partial.error)\(hint)")
            throw ExitCode(78)
        }
        guard partial.isNameKnown else {
            Terminal.error(
                "\(partial.error)\nspate: the cluster's name cannot be read from it, and another name would be another cluster: set SPATE_CLUSTER"
            )
            throw ExitCode(78)
        }
        return .partial(adjusted(partial.settings), partial.error)
    }

    /// Reads the settings as the file says them by then; `nil` while something is wrong with it, which `spate check` tells.
    func makeReader() throws -> @Sendable () -> ClusterSettings? {
        let (path, overrides, logLevel, logFormat) = (config, try overrides(nil), logLevel, logFormat)
        return {
            // `nil`, as said above.
            (try? ClusterSettings.load(path: path, overrides: overrides)).map {
                Self.adjusted($0, level: logLevel, format: logFormat)
            }
        }
    }

    /// What to do when there is no such file, as in another folder.
    private var hint: String {
        guard !FileManager.default.fileExists(atPath: config) else { return "" }
        return "\nspate: say where the cluster file is: --config PATH, or SPATE_CONFIG in the environment"
    }

    /// The files behind `settings`, to be looked at for changes; flags and environment still win.
    /// - Parameter further: what else the command changes in settings that are read again.
    func watch(
        _ settings: ClusterSettings, listen: ListenOptions? = nil,
        further: @escaping @Sendable (ClusterSettings) -> ClusterSettings = { $0 }
    ) throws -> SettingsWatch {
        let (logLevel, logFormat) = (logLevel, logFormat)
        return SettingsWatch(
            path: config, overrides: try overrides(listen), settings: settings,
            adjusted: { further(Self.adjusted($0, level: logLevel, format: logFormat)) })
    }

    private func overrides(_ listen: ListenOptions?) throws(SettingsError) -> SettingsOverrides {
        let environment = try SettingsOverrides(environment: ProcessInfo.processInfo.environment)
        var overrides = try listen?.overrides() ?? SettingsOverrides()
        overrides.redisURL = redis
        return overrides.over(environment)
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
