package import Settings

/// The folder of models: `<name>/<version>/model.onnx`.
package struct ModelRepository: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package func modelFile(of model: ModelSettings) -> String { "\(folder(of: model))/model.onnx" }

    package func samplesFile(of model: ModelSettings) -> String { "\(path)/\(model.name)/samples.json" }

    /// SHA-256 over the files of a version (`ModelDigest.sha256`); `nil` for one that is not there or cannot be read.
    /// Reads every file.
    package func digest(of model: ModelSettings) -> String? { ModelDigest.sha256(of: folder(of: model)) }

    /// Of its settings, its samples and everything in the folder of its version.
    package func stamp(of model: ModelSettings) -> FileStamp {
        var stamp = FileStamp()
        stamp.add(file: "\(path)/\(model.name)/model.yaml")
        stamp.add(file: samplesFile(of: model))
        stamp.add(folder: folder(of: model))
        return stamp
    }

    private func folder(of model: ModelSettings) -> String { "\(path)/\(model.name)/\(model.version)" }
}
