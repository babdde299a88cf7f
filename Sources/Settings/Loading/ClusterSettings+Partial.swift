/// A cluster file in which something is wrong, as far as it can be used.
package struct PartialSettings: Sendable {
    /// Defaults stand where the file could not be read. Where Redis is has been looked for even in a text that is no YAML.
    package var settings: ClusterSettings
    package var error: SettingsError
    /// Whether there is such a file at all.
    package var isFileThere: Bool
    /// Whether the file tells the cluster's name, be it by not naming any.
    package var isNameKnown = true
}

extension ClusterSettings {
    /// What an operator's command needs to reach a cluster that runs although its file was broken meanwhile.
    ///
    /// - Returns: `nil` when nothing is wrong with the file.
    package static func partial(
        path: String, overrides: SettingsOverrides = SettingsOverrides()
    ) -> PartialSettings? {
        let findings = SettingsFindings()
        let base = SettingsPath.directory(of: path)
        let read = SettingsReader.read(path: path, findings: findings) { file in
            ClusterSettings(reading: file, directory: base, overrides: overrides)
        }
        guard let error = findings.error else { return nil }
        let nothing = SettingsReader.read(text: "", named: path, findings: SettingsFindings()) { file in
            ClusterSettings(reading: file, directory: base, overrides: overrides)
        }
        var partial = PartialSettings(
            settings: read ?? nothing, error: error, isFileThere: SettingsPath.kind(of: path) == .file)
        // A file that cannot be read has no such blocks; the defaults stand.
        guard let text = try? SettingsFile.read(path) else { return partial }
        if overrides.redisURL == nil, let block = block("redis", of: text) {
            partial.settings.redis = SettingsReader.read(text: block, named: path, findings: SettingsFindings()) {
                $0.mapping("redis") { RedisSettings(reading: $0, directory: base) }
            }
        }
        if overrides.cluster == nil, let block = block("cluster", of: text) {
            // Another name would be another cluster, which is not touched on a guess.
            let findings = SettingsFindings()
            let cluster = SettingsReader.read(text: block, named: path, findings: findings) {
                $0.mapping("cluster") { IdentitySettings(reading: $0) }
            }
            if findings.error == nil { partial.settings.cluster = cluster } else { partial.isNameKnown = false }
        }
        return partial
    }

    /// The lines of a key of the file's top level, up to the next one.
    private static func block(_ key: String, of text: String) -> String? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let first = lines.firstIndex(where: { $0.hasPrefix("\(key):") }) else { return nil }
        let rest = lines[(first + 1)...].prefix { $0.first.map { $0.isWhitespace || $0 == "#" } ?? true }
        return ([lines[first]] + rest).joined(separator: "\n")
    }
}
