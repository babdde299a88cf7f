import Foundation
import PolicyImport
import Scaling
import Settings
import Testing

/// Each manifest of `Manifests` with the policy and the notes that stand beside it.
@Suite struct ManifestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var manifest: String
        var result: String
        var options = ImportOptions()
        var testDescription: String { result }

        static let all = ["streams", "office-hours", "pending", "web-hpa", "external-hpa"].flatMap { name in
            [
                Case(manifest: name, result: name),
                Case(
                    manifest: name, result: "\(name)-native",
                    options: ImportOptions(pool: "gpu-1", target: .native(jobTime: .milliseconds(40)))),
            ]
        }

        func text(_ suffix: String) throws -> String {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Manifests")
            return try String(contentsOf: folder.appendingPathComponent(suffix), encoding: .utf8)
        }

        func imported() throws -> ImportedPolicy {
            try importPolicy(from: try text("\(manifest).yaml"), options: options)
        }
    }

    @Test("becomes the policy that stands beside it", arguments: Case.all)
    func policy(_ example: Case) throws {
        #expect(try example.imported().yaml == example.text("\(example.result).policy"))
    }

    @Test("is explained by the notes that stand beside it", arguments: Case.all)
    func notes(_ example: Case) throws {
        let notes = try example.imported().notes.map { "\($0)\n" }.joined()
        #expect(try notes == example.text("\(example.result).notes"))
    }

    @Test("Spate's own reader accepts the policy", arguments: Case.all)
    func isAccepted(_ example: Case) throws {
        let settings = try ReadBack.settings(example.imported().yaml, pool: example.options.pool)
        #expect(settings.pools.map(\.name) == [example.options.pool])
        switch (example.options.target, settings.scaler.algorithm.name) {
        case (.sameAlgorithm, "keda-lag"), (.sameAlgorithm, "hpa"), (.native, "spate"): break
        case (_, let other): Issue.record("unexpected algorithm \(other)")
        }
    }

    @Test(
        "each key of the manifest is named by its line, or one above it is, in the policy or in a note",
        arguments: Case.all)
    func nothingIsDropped(_ example: Case) throws {
        let imported = try example.imported()
        var named = Set(imported.notes.map(\.line))
        for part in imported.yaml.drop(while: { $0 != "\n" }).split(separator: "line ") {
            if let number = Int(part.prefix { $0.isNumber }) { named.insert(number) }
        }
        // The lines with less and less indentation above each line.
        var open: [(indent: Int, isNamed: Bool)] = []
        let lines = try example.text("\(example.manifest).yaml").components(separatedBy: "\n")
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " || $0 == "-" }.count
            // A note on the first line of a document is one on all of it.
            open.removeAll { $0.indent >= (line == "---" ? -1 : indent) }
            if indent == 0, open.isEmpty, named.contains(index + 1) { open.append((-1, true)) }
            let isNamed = named.contains(index + 1) || open.contains(where: \.isNamed)
            // An item of a list is above all of its keys.
            if let dash = line.firstIndex(of: "-"), line.distance(from: line.startIndex, to: dash) < indent {
                open.append((indent - 1, isNamed))
            }
            open.append((indent, isNamed))
            // Leaves only; what an object or a metric is called and of which type it is says nothing by itself.
            let key = line.dropFirst(indent).prefix { $0 != ":" }
            let next = lines.dropFirst(index + 1).first ?? ""
            let isParent = next.prefix { $0 == " " || $0 == "-" }.count > indent || line.hasSuffix(":")
            if isParent || key.isEmpty || key.hasPrefix("#") || key == "---" { continue }
            if ["apiVersion", "kind", "name", "type", "metadata"].contains(key) { continue }
            #expect(isNamed, "line \(index + 1): \(line)")
        }
    }

    @Test("the parameters arrive with their values")
    func values() throws {
        let example = Case(manifest: "streams", result: "")
        let settings = try ReadBack.settings(example.imported().yaml)
        guard let lag = settings.scaler.algorithm.as(KEDALag.self) else {
            Issue.record("no keda-lag")
            return
        }
        let behavior = HPABehavior(
            tolerance: 0.05, scaleDownStabilizationWindow: .seconds(180), scaleUpPercent: 200, scaleUpPods: 40,
            scaleUpPeriod: .seconds(60), scaleDownPercent: 10, scaleDownPeriod: .seconds(30))
        #expect(
            lag
                == KEDALag(
                    lagCount: 20, activationLagCount: 3, pollingInterval: .seconds(5), cooldownPeriod: .seconds(120),
                    behavior: behavior))
        #expect(settings.pools.first?.minimumWorkers == 2)
        #expect(settings.pools.first?.maximumWorkers == 40)
        #expect(settings.scaler.fallback == .workers(6))
    }

    @Test("cron triggers become events of the calendar's form")
    func events() throws {
        let example = Case(manifest: "office-hours", result: "")
        let texts = try example.imported().yaml.split(separator: "\n").filter { $0.hasPrefix("  #   - ") }.compactMap {
            $0.split(separator: "\"").dropFirst().first.map(String.init)
        }
        #expect(
            texts == [
                "N calls at 07:30 for 630m, weekdays, Europe/Berlin", "N calls at 22:00 for 56h, fri, America/New_York",
            ])
    }
}

/// A policy in a cluster file, read by Spate.
enum ReadBack {
    static func settings(_ policy: String, pool: String = "cpu") throws -> ClusterSettings {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spate-import-\(UUID().uuidString)")
        defer {
            do {
                try FileManager.default.removeItem(at: folder)
            } catch {
                // A folder that stays behind in the temporary directory harms nobody.
            }
        }
        let model = folder.appendingPathComponent("models/digits")
        try FileManager.default.createDirectory(
            at: model.appendingPathComponent("1"), withIntermediateDirectories: true)
        try Data().write(to: model.appendingPathComponent("1/model.onnx"))
        try Data().write(to: model.appendingPathComponent("model.yaml"))
        let file = folder.appendingPathComponent("spate.yaml")
        try Data("models: [{name: digits, pools: [\(pool)]}]\n\(policy)".utf8).write(to: file)
        return try ClusterSettings.load(path: file.path)
    }
}
