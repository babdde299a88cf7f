extension ClusterSettings {
    /// With the versions of a record in place of those that the files lead to. A model whose recorded version is not in the
    /// repository keeps its own.
    package func pinned(to versions: [String: String]) -> ClusterSettings {
        var settings = self
        for (index, model) in models.enumerated() {
            guard let version = versions[model.name], version != model.version, hasVersion(version, of: model) else {
                continue
            }
            settings.models[index].version = version
        }
        return settings
    }

    /// Whether the folder of that version is there; a backend that needs none has every version.
    package func hasVersion(_ version: String, of model: ModelSettings) -> Bool {
        guard SettingsNames.isValid(version) else { return false }
        guard ModelFolders.fileName(for: model.backend) != nil else { return true }
        return SettingsPath.kind(of: "\(repository)/\(model.name)/\(version)") == .directory
    }

    /// The highest numbered folder of the model, where its number is above that of the version that is served and no file
    /// names a version.
    package func newerVersion(of model: ModelSettings) -> String? {
        guard !model.isVersionNamed, let served = SettingsNumber.integer(model.version),
            let newest = ModelFolders.versions(in: "\(repository)/\(model.name)").last,
            let number = SettingsNumber.integer(newest), number > served
        else { return nil }
        return newest
    }
}
