import Time

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
        let gateway = settings.gateway
        var lines = ["redis    \(settings.redis.server)"]
        lines.append("gateway  \(gateway.host):\(gateway.port), administration :\(gateway.adminPort)")
        lines += settings.pools.map { "pool     \($0.summary)" }
        lines += settings.models.map { "model    \($0.summary(in: settings.repository))" }
        return lines.joined(separator: "\n")
    }
}

extension PoolSettings {
    fileprivate var summary: String {
        "\(name): \(minimumWorkers) to \(maximumWorkers) workers, \(device.rawValue), driver \(driver.rawValue)"
    }
}

extension ModelSettings {
    fileprivate func summary(in repository: String) -> String {
        let digest = ModelDigest.sha256(of: "\(repository)/\(name)/\(version)").map { " (sha256 \($0.prefix(12)))" }
        return "\(name) version \(version)\(digest ?? ""): \(backend.summary); pools \(pools.joined(separator: ", "));"
            + " at most \(batching.maximumRows) rows a batch, \(maximumQueue) jobs"
    }
}

extension ModelSettings.Backend {
    fileprivate var summary: String {
        switch self {
        case .onnxruntime(let options): "onnxruntime, \(options.instances) x \(options.threads) threads"
        case .synthetic(let options):
            "synthetic (sleeps \(options.fixedCost.text) + \(options.costPerRow.text) a row)"
        }
    }
}
