import FoundationEssentials
import Settings
import Tensors
import Testing

@testable import Inference

/// What holds for every backend that a model file can name.
@Suite struct BackendConformanceTests {
    /// One model for each case of `ModelSettings.Backend`; the switch makes a new backend show up here.
    static let models: [ModelSettings] = [
        ModelSettings(name: "digits", backend: .onnxruntime(ONNXOptions())),
        ModelSettings(name: "made-up", backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .zero))),
    ]

    static func platform(_ backend: ModelSettings.Backend) -> String {
        switch backend {
        case .onnxruntime: "onnxruntime_onnx"
        case .synthetic: "spate_synthetic"
        }
    }

    @Test("describes a model as it is when loaded", arguments: models)
    func description(model: ModelSettings) throws {
        let described = try Models.registry().describe(model)
        let backend = try Models.registry().load(model)
        #expect(described.signature == backend.signature)
        #expect(described.rows == backend.rows)
        #expect(described.platform == backend.platform)
        #expect(described.platform == Self.platform(model.backend))
    }

    @Test("answers with as many rows as it got, in the declared types and shapes", arguments: models, [1, 3, 64])
    func rows(model: ModelSettings, rows: Int) throws {
        let backend = try Models.registry().load(model)
        let inputs = try WarmUp.zeros(backend.signature, rows: rows).get()
        let outputs = try backend.makeInstance().run(inputs, rows: rows, requestedOutputs: [])
        #expect(outputs.map(\.name) == backend.signature.outputs.map(\.name))
        for (output, declared) in zip(outputs, backend.signature.outputs) {
            #expect(output.rows == rows)
            #expect(output.elementType == declared.elementType)
            #expect(declared.accepts(output.shape))
            try output.validate()
        }
    }

    @Test("refuses an output that the model does not have", arguments: models)
    func unknownOutput(model: ModelSettings) throws {
        let backend = try Models.registry().load(model)
        let inputs = try WarmUp.zeros(backend.signature, rows: 1).get()
        let error = #expect(throws: InferenceError.self) {
            try backend.makeInstance().run(inputs, rows: 1, requestedOutputs: ["nothing"])
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("'nothing'") == true)
    }

    @Test("warms up and measures", arguments: models, [1, 8, 64])
    func warmUp(model: ModelSettings, rows: Int) throws {
        let backend = try Models.registry().load(model)
        let outcome = try WarmUp.run(backend.makeInstance(), signature: backend.signature, rows: rows)
        #expect(outcome.measured?.rows == rows)
        #expect(outcome.measured.map { $0.cost > .zero } == true)
    }
}

@Suite struct SyntheticBackendTests {
    @Test("answers y = x and takes at least the declared time")
    func cost() throws {
        let options = SyntheticOptions(
            fixedCost: .milliseconds(2), costPerRow: .milliseconds(1), startUp: .milliseconds(1), rowElements: 2)
        let backend = SyntheticBackend(options: options, maximumRows: 8)
        let instance = try backend.makeInstance()
        let start = ContinuousClock.now
        let outputs = try instance.run([makeTensor("x", [1, 2, 3, 4], columns: 2)], rows: 2, requestedOutputs: ["y"])
        #expect(ContinuousClock.now - start >= .milliseconds(4))
        #expect(outputs == [makeTensor("y", [1, 2, 3, 4], columns: 2)])
    }
}

@Suite struct ModelRepositoryTests {
    @Test("the digest of a version changes with its file, and is absent where there is no version")
    func digest() throws {
        let settings = ModelSettings(name: "made")
        let digests = try [ModelBytes.sum.bytes, ModelBytes.sum.bytes, ModelBytes.strings.bytes].map { bytes in
            try Models.with(bytes) { $0.digest(of: settings) }
        }
        #expect(digests[0]?.count == 64)
        #expect(digests[0] == digests[1])
        #expect(digests[0] != digests[2])
        #expect(ModelRepository(path: "/nowhere").digest(of: settings) == nil)
    }

    @Test(
        "the stamp changes with each file that a load reads", arguments: ["model.yaml", "samples.json", "1/model.onnx"])
    func stamp(file: String) throws {
        let settings = ModelSettings(name: "made")
        try Models.with(ModelBytes.sum.bytes) { repository in
            let before = repository.stamp(of: settings)
            #expect(repository.stamp(of: settings) == before)
            try Data("mended".utf8).write(to: URL(filePath: "\(repository.path)/made/\(file)"))
            #expect(repository.stamp(of: settings) != before)
        }
    }
}
