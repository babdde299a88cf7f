/// A cluster file in which something is wrong, as far as it can be used.
package struct PartialSettings: Sendable {
    /// Defaults stand where the file could not be read. Where Redis is has been looked for even in a text that is no YAML.
    package var settings: ClusterSettings
    package var error: SettingsError
    /// Whether there is such a file at all.
    package var isFileThere: Bool
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
        if overrides.redisURL == nil, let text = try? SettingsFile.read(path), let block = block("redis", of: text) {
            // A file that cannot be read has no such block; the default place stands.
            partial.settings.redis = SettingsReader.read(text: block, named: path, findings: SettingsFindings()) {
                $0.mapping("redis") { RedisSettings(reading: $0, directory: base) }
            }
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
