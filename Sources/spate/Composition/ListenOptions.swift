import ArgumentParser
import Settings

/// Where a gateway listens, on the command line.
struct ListenOptions: ParsableArguments {
    @Option(help: "Address of the inference protocols; 0.0.0.0 serves the network.") var host: String?
    @Option(help: "Address of administration and metrics; this machine only when not given, whatever --host says.")
    var adminHost: String?
    @Option(help: "Port of the inference protocols; 0 takes a free one.") var port: Int?
    @Option(help: "Port of administration and metrics; 0 takes a free one.") var adminPort: Int?

    /// - Throws: a port that is none.
    func overrides() throws(SettingsError) -> SettingsOverrides {
        for (option, value) in [("--port", port), ("--admin-port", adminPort)] {
            guard let value, !SettingsOverrides.ports.contains(value) else { continue }
            throw SettingsError(
                diagnostics: [
                    SettingsDiagnostic(
                        position: SettingsPosition(file: option),
                        message: "expected a port from 0 to 65535, found '\(value)'")
                ])
        }
        return SettingsOverrides(host: host, adminHost: adminHost, port: port, adminPort: adminPort)
    }
}
