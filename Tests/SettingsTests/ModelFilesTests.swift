import Foundation
import Glibc
import Settings
import Testing

/// Model files that cannot be read, other versions, and the bounds that a model's file sets.
@Suite struct ModelFilesTests {
    @Test("what is wrong with a file is told apart")
    func problems() throws {
        let cluster = try TemporaryCluster()
        let version = "\(cluster.folder)/models/digits/1"
        let files = FileManager.default
        func problem(_ name: String) -> String { SettingsPath.problem(withFile: "\(version)/\(name)") ?? "none" }
        #expect(problem("model.onnx").hasSuffix("model.onnx is empty"))
        try cluster.write("models/digits/1/model.onnx", "x")
        #expect(problem("model.onnx") == "none")
        #expect(problem("modell.onnx").contains("there is no file modell.onnx in"))
        #expect(problem("modell.onnx").contains("it holds model.onnx; did you mean 'model.onnx'?"))
        try files.createSymbolicLink(atPath: "\(version)/link", withDestinationPath: "/nowhere/at/all")
        #expect(problem("link").hasSuffix("link is a link to /nowhere/at/all, which is not there"))
        try files.createDirectory(atPath: "\(version)/folder", withIntermediateDirectories: false)
        #expect(problem("folder").hasSuffix("folder is a folder, not a file"))
        let missing = SettingsPath.problem(withFile: "\(cluster.folder)/models/digits/7/model.onnx") ?? "none"
        #expect(missing.contains("there is no folder") && missing.hasSuffix("digits holds 1, model.yaml"))
        let far = SettingsPath.problem(withFile: "/nowhere/at/all/model.onnx")
        #expect(far == "there is no folder /nowhere", "what lies beside it is nobody's business")
        guard geteuid() != 0 else { return }
        chmod("\(version)/model.onnx", 0)
        #expect(problem("model.onnx").contains("may not be read by this user"))
    }

    @Test("a model without a readable file is no error of the settings; a named version that is not there is one")
    func onlyNamedVersions() throws {
        let cluster = try TemporaryCluster("models: [digits, bare]\n")
        try cluster.write("models/bare/model.yaml", "")
        let settings = try ClusterSettings.load(path: cluster.path)
        #expect(settings.models.map(\.version) == ["1", "1"])
        try cluster.write("models/bare/model.yaml", "version: 3\n")
        #expect(throws: SettingsError.self) { try ClusterSettings.load(path: cluster.path) }
    }

    @Test("a record of versions wins over newer folders, where its version is there")
    func pinned() throws {
        let cluster = try TemporaryCluster()
        try cluster.write("models/digits/2/model.onnx", "x")
        let settings = try ClusterSettings.load(path: cluster.path)
        let model = try #require(settings.models.first)
        #expect(model.version == "2" && !model.isVersionNamed)
        let pinned = settings.pinned(to: ["digits": "1", "other": "7"])
        let served = try #require(pinned.models.first)
        #expect(served.version == "1")
        #expect(pinned.newerVersion(of: served) == "2")
        #expect(settings.newerVersion(of: model) == nil)
        #expect(settings.pinned(to: ["digits": "9"]) == settings, "a version that is not there cannot be served")
        try cluster.write("models/digits/model.yaml", "version: 1\n")
        let named = try ClusterSettings.load(path: cluster.path)
        let one = try #require(named.models.first)
        #expect(one.isVersionNamed && named.newerVersion(of: one) == nil, "somebody chose it")
    }

    @Test("the bounds of runs and loads are read, with their ranges")
    func bounds() throws {
        let cluster = try TemporaryCluster(models: ["digits": "run_timeout: 90s\nload_timeout: 20m\n"])
        let model = try #require(try ClusterSettings.load(path: cluster.path).models.first)
        #expect(model.runTimeout == .seconds(90) && model.loadTimeout == .seconds(1_200))
        try cluster.write("models/digits/model.yaml", "run_timeout: 1ms\n")
        let report = SettingsCheck.report(path: cluster.path)
        #expect(report.diagnostics.first?.message == "'run_timeout': '1ms' is out of range; allowed: 100ms to 7d")
    }

    @Test("a stamp changes with the files and with nothing else")
    func stamps() throws {
        let cluster = try TemporaryCluster()
        let folder = "\(cluster.folder)/models/digits"
        func stamp() -> String {
            var stamp = FileStamp()
            stamp.add(folder: folder)
            return stamp.text
        }
        let first = stamp()
        #expect(stamp() == first)
        try cluster.write("models/digits/1/model.onnx", "other")
        let second = stamp()
        #expect(second != first)
        try cluster.write("models/digits/1/weights.bin", "")
        #expect(stamp() != second)
    }
}
