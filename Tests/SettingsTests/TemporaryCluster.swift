import Foundation

/// A cluster file and a model repository in a folder of their own, removed with the value.
final class TemporaryCluster {
    let folder: String
    var path: String { "\(folder)/spate.yaml" }

    /// `models`: name → `model.yaml`; each gets `1/model.onnx` too.
    init(_ cluster: String = "models: [digits]\n", models: [String: String] = ["digits": ""]) throws {
        folder = NSTemporaryDirectory() + "spate-settings-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write("spate.yaml", cluster)
        for (name, text) in models {
            try write("models/\(name)/model.yaml", text)
            try write("models/\(name)/1/model.onnx", "")
        }
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            // A folder that stays behind in the temporary directory harms nobody.
        }
    }

    func write(_ name: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(folder)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}
