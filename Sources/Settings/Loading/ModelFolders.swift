/// The folders of a model repository: `<repository>/<name>/model.yaml` and `<repository>/<name>/<version>/model.onnx`.
enum ModelFolders {
    /// The file that a version of a model must have; `nil` for a backend that needs none.
    static func fileName(for backend: ModelSettings.Backend) -> String? {
        switch backend {
        case .onnxruntime: "model.onnx"
        case .synthetic: nil
        }
    }

    /// The versions of a model that are there: the folders with a number for a name, smallest number first.
    static func versions(in modelDirectory: String) -> [String] {
        (SettingsPath.names(in: modelDirectory) ?? [])
            .compactMap { name in SettingsNumber.integer(name).map { (name, $0) } }
            .filter { $0.1 >= 0 && SettingsPath.kind(of: "\(modelDirectory)/\($0.0)") == .directory }
            .sorted { $0.1 < $1.1 }
            .map(\.0)
    }

    /// The models of a repository: the folders that have a `model.yaml`.
    static func models(in repository: String) -> [String] {
        (SettingsPath.names(in: repository) ?? []).filter {
            SettingsPath.kind(of: "\(repository)/\($0)/model.yaml") == .file
        }
    }
}
