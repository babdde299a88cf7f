import Jobs
import Tensors

/// A model as the cluster file lists it, with the places that later checks need.
struct ModelEntry {
    var name: Located<String>
    var version: Located<String>?
    /// Takes the place of the model file's list.
    var pools: [Located<String>]?
    /// In place of those of the model file.
    var deadline: Duration?
    var deadlines: [PriorityClass: Duration]?

    init?(reading reader: SettingsReader) {
        reader.require("name")
        version = reader.string("version").map { Located($0, at: reader.position(of: "version")) }
        pools = reader.has("pools") ? reader.strings("pools") : nil
        deadline = reader.modelDeadline("deadline")
        deadlines = reader.has("deadlines") ? reader.classDeadlines() : nil
        guard let name = reader.string("name") else { return nil }
        guard SettingsNames.isValid(model: name) else {
            reader.report("'name': \(SettingsNames.problem(model: name))", at: "name")
            return nil
        }
        self.name = Located(name, at: reader.position(of: "name"))
    }
}

extension ModelSettings {
    enum BackendName: String, CaseIterable { case onnxruntime, synthetic }

    /// Reads `model.yaml`.
    ///
    /// - Parameters: `entry`: the model's line in the cluster file; `directory`: the model's folder;
    ///   `pools`: names of the cluster's pools, for the check of the names in the file.
    init(reading reader: SettingsReader, entry: ModelEntry, directory: String, pools known: [String]) {
        let defaults = ModelSettings(name: entry.name.value)
        let backend = Backend(reading: reader)
        let written = reader.has("pools") ? reader.strings("pools") : nil
        let pools = entry.pools ?? written
        let file = SignatureFile(reading: reader, directory: directory)
        let own = reader.string("version").map { Located($0, at: reader.position(of: "version")) }
        let maximumQueue = reader.integer("maximum_queue", in: 1...10_000_000, default: defaults.maximumQueue)
        let deadline = reader.modelDeadline("deadline")
        let deadlines = reader.classDeadlines()
        let batching = reader.mapping("batching", shorthand: "mode") {
            BatchingSettings(reading: $0, maximumQueue: maximumQueue)
        }
        self.init(
            name: entry.name.value, version: defaults.version, backend: backend,
            pools: pools?.map(\.value) ?? defaults.pools, batching: batching, maximumQueue: maximumQueue,
            maximumAttempts: reader.integer("maximum_attempts", in: 1...100, default: defaults.maximumAttempts),
            maximumCrashes: reader.integer("maximum_crashes", in: 1...100, default: defaults.maximumCrashes),
            runTimeout: reader.duration("run_timeout", in: Self.bounds),
            loadTimeout: reader.duration("load_timeout", in: Self.bounds),
            deadline: entry.deadline ?? deadline, deadlines: entry.deadlines ?? deadlines,
            signature: file.signature(maximumRows: batching.maximumRows), labels: file.labels,
            warmUp: reader.integerLists("warm_up", in: 0...(1 << 40)).mapValues { Shape($0) },
            samples: reader.texts("samples"))
        check(pools, against: known, reader)
        isVersionNamed = entry.version != nil || own != nil
        version = resolveVersion(entry.version ?? own, directory: directory, reader) ?? version
    }

    private static let bounds = Duration.milliseconds(100) ... .seconds(7 * 86_400)

    private func check(_ places: [Located<String>]?, against known: [String], _ reader: SettingsReader) {
        guard !pools.isEmpty else {
            return reader.report("'pools': a model needs at least one pool", at: "pools")
        }
        for (index, pool) in pools.enumerated() {
            let place = places.flatMap { $0.indices.contains(index) ? $0[index].position : nil } ?? reader.position
            if !known.contains(pool) {
                let hint = Suggestion.nearest(to: pool, among: known).map { "; did you mean '\($0)'?" } ?? ""
                let list = known.isEmpty ? "no pools" : known.joined(separator: ", ")
                reader.report("'pools': no pool '\(pool)' in the cluster file; it has: \(list)\(hint)", at: place)
            } else if pools[..<index].contains(pool) {
                reader.report("'pools': '\(pool)' is listed twice", at: place)
            }
        }
    }

    /// The version to serve: the named one, else the highest numbered folder. `nil` after a report.
    private func resolveVersion(
        _ named: Located<String>?, directory: String, _ reader: SettingsReader
    ) -> String? {
        if let named, !SettingsNames.isValid(named.value) {
            reader.report("'version': \(SettingsNames.problem(named.value))", at: named.position)
            return nil
        }
        let versions = ModelFolders.versions(in: directory)
        guard let fileName = ModelFolders.fileName(for: backend) else {
            return named?.value ?? versions.last ?? version
        }
        // A file that is not there or cannot be read is this model's trouble, and no reason not to serve the others: whoever
        // reads it says so. A version that was named and is not there is a slip of the pen.
        guard let named else { return versions.last ?? version }
        guard SettingsPath.kind(of: "\(directory)/\(named.value)") == .directory else {
            let shown = SettingsPath.shown(directory)
            let found = versions.isEmpty ? "no versions" : "the versions \(versions.joined(separator: ", "))"
            reader.report(
                "there is no folder \(shown)/\(named.value) with the \(fileName) of version \(named.value) of model '\(name)'; found \(found)",
                at: named.position)
            return nil
        }
        return named.value
    }
}

extension SettingsReader {
    fileprivate func modelDeadline(_ key: String) -> Duration? {
        duration(key, in: .milliseconds(1) ... .seconds(86_400))
    }

    /// `deadlines: {high: 1s, low: 1h}`
    fileprivate func classDeadlines() -> [PriorityClass: Duration] {
        mapping("deadlines") { reader in
            var deadlines: [PriorityClass: Duration] = [:]
            for name in PriorityClass.allCases { deadlines[name] = reader.modelDeadline(name.name) }
            return deadlines
        }
    }
}

extension ModelSettings.Backend {
    init(reading reader: SettingsReader) {
        switch reader.choice("backend", default: ModelSettings.BackendName.onnxruntime) {
        case .onnxruntime: self = .onnxruntime(ONNXOptions(reading: reader))
        case .synthetic: self = .synthetic(SyntheticOptions(reading: reader))
        }
    }
}

extension ONNXOptions {
    init(reading reader: SettingsReader) {
        let defaults = ONNXOptions()
        let providers = reader.strings("providers")
        for provider in providers where !provider.value.hasSuffix("ExecutionProvider") {
            reader.report(
                "'providers': '\(provider.value)' is no execution provider; expected ONNX Runtime's names,"
                    + " as in CPUExecutionProvider or CUDAExecutionProvider",
                at: provider.position)
        }
        self.init(
            instances: reader.integer("instances", in: 1...256, default: defaults.instances),
            threads: reader.integer("threads", in: 1...1_024, default: defaults.threads),
            providers: providers.map(\.value))
    }
}

extension SyntheticOptions {
    init(reading reader: SettingsReader) {
        let defaults = SyntheticOptions()
        let hour = Duration.seconds(3_600)
        self.init(
            instances: reader.integer("instances", in: 1...256, default: defaults.instances),
            fixedCost: reader.duration("fixed_cost", in: .zero...hour, default: defaults.fixedCost),
            costPerRow: reader.duration("cost_per_row", in: .zero...hour, default: defaults.costPerRow),
            startUp: reader.duration("start_up", in: .zero...hour, default: defaults.startUp),
            rowElements: reader.integer("row_elements", in: 1...1_000_000, default: defaults.rowElements))
    }
}

extension BatchingSettings {
    init(reading reader: SettingsReader, maximumQueue: Int) {
        let defaults = BatchingSettings()
        self.init(
            joining: reader.choice("mode", default: defaults.joining),
            maximumRows: reader.integer(
                "maximum_rows", in: 1...65_536, default: min(defaults.maximumRows, maximumQueue)),
            maximumDelay: reader.duration("maximum_delay", in: .zero ... .seconds(10), default: defaults.maximumDelay))
        if maximumRows > maximumQueue {
            reader.report(
                "'maximum_rows': a batch of \(maximumRows) can never fill, because maximum_queue is \(maximumQueue)",
                at: "maximum_rows")
        }
    }
}
