/// What `spate check` says of a cluster file.
package struct SettingsCheck: Sendable {
    /// What is wrong; empty if the cluster can be served.
    package var diagnostics: [SettingsDiagnostic]
    /// `nil` if anything is wrong.
    package var settings: ClusterSettings?

    /// Checks the cluster file at `path` and the model files that it names.
    package static func report(path: String, overrides: SettingsOverrides = SettingsOverrides()) -> SettingsCheck {
        do {
            return SettingsCheck(diagnostics: [], settings: try ClusterSettings.load(path: path, overrides: overrides))
        } catch {
            return SettingsCheck(diagnostics: error.diagnostics, settings: nil)
        }
    }

    /// The findings, one a line, or what would be served.
    package var description: String {
        guard let settings else { return diagnostics.map(\.description).joined(separator: "\n") }
        var lines = ["redis    \(settings.redis.server)"]
        lines.append(
            "gateway  \(settings.gateway.host):\(settings.gateway.port), administration :\(settings.gateway.adminPort)")
        for pool in settings.pools {
            lines.append(
                "pool     \(pool.name): \(pool.minimumWorkers) to \(pool.maximumWorkers) workers, \(pool.device.rawValue), driver \(pool.driver.rawValue)"
            )
        }
        for model in settings.models {
            lines.append(
                "model    \(model.name) version \(model.version): \(model.backend.summary), pools \(model.pools.joined(separator: ", ")), at most \(model.batching.maximumRows) rows a batch, \(model.maximumQueue) jobs"
            )
        }
        return lines.joined(separator: "\n")
    }
}

extension ModelSettings.Backend {
    fileprivate var summary: String {
        switch self {
        case .onnxruntime(let options): "onnxruntime, \(options.instances) x \(options.threads) threads"
        case .synthetic(let options):
            "synthetic (sleeps \(Quantities.text(options.fixedCost)) + \(Quantities.text(options.costPerRow)) a row)"
        }
    }
}
