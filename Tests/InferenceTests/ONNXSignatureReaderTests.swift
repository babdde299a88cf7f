import FoundationEssentials
import Random
import Settings
import Tensors
import Testing

@testable import Inference

@Suite struct ONNXSignatureReaderTests {
    @Test("agrees with the runtime on the committed models", arguments: ["digits", "magika"])
    func agreesOnFiles(name: String) throws {
        let settings = ModelSettings(name: name)
        let described = try Models.registry().describe(settings)
        let backend = try Models.registry().load(settings)
        #expect(described.signature == backend.signature)
        #expect(described.platform == backend.platform)
        #expect(described.signature.maximumBatchSize == settings.batching.maximumRows)
    }

    @Test(
        "agrees with the runtime on strings, several inputs and weights among the inputs",
        arguments: [ModelBytes.strings, .sum, .folding])
    func agreesOnMadeModels(model: ModelBytes) throws {
        try Models.with(model.bytes) { repository in
            let settings = ModelSettings(name: "made")
            let described = try Models.registry(repository).describe(settings).signature
            #expect(described == (try Models.registry(repository).load(settings).signature))
        }
    }

    @Test("knows the digits model")
    func digits() throws {
        let path = "\(Models.repository.path)/digits/1/model.onnx"
        #expect(
            try ONNXSignatureReader.signature(ofModelAt: path, model: "digits")
                == ModelSignature(
                    inputs: [TensorSpecification(name: "image", elementType: .float32, shape: [-1, 64])],
                    outputs: [
                        TensorSpecification(name: "label", elementType: .int64, shape: [-1]),
                        TensorSpecification(name: "probabilities", elementType: .float32, shape: [-1, 10]),
                    ], maximumBatchSize: .max))
    }

    @Test("a model with a fixed first dimension takes no batches")
    func fixedFirstDimension() throws {
        var model = ModelBytes.sum
        model.outputs[0].dimensions = [1, 2]
        let signature = try model.bytes.withUnsafeBytes { try ONNXSignatureReader.signature(of: $0) }
        #expect(signature.maximumBatchSize == nil)
    }

    @Test("names the output that the protocol cannot carry")
    func unsupportedPort() throws {
        #expect(throws: ONNXSignatureReader.Problem.unsupportedPort("list", .output, type: "a sequence")) {
            try ModelBytes.sequence.bytes.withUnsafeBytes { try ONNXSignatureReader.signature(of: $0) }
        }
        #expect(throws: ONNXSignatureReader.Problem.unsupportedPort("x", .input, type: "a tensor of COMPLEX64")) {
            try ModelBytes.complex.bytes.withUnsafeBytes { try ONNXSignatureReader.signature(of: $0) }
        }
    }

    @Test("says that a file is missing, a folder, or no model")
    func noModel() throws {
        for path in ["/nowhere/model.onnx", "/tmp", #filePath] {
            let error = #expect(throws: InferenceError.self) {
                try ONNXSignatureReader.signature(ofModelAt: path, model: "m")
            }
            #expect(error?.code == .modelUnavailable)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("every beginning of a model is refused or read, never a trap")
    func truncated() throws {
        let model = ModelBytes.folding.bytes
        for length in 0..<model.count {
            // Dropping the end of the file either cuts the graph or leaves it out: nothing is left to describe.
            #expect(throws: ONNXSignatureReader.Problem.noModel) {
                try Array(model[..<length]).withUnsafeBytes { try ONNXSignatureReader.signature(of: $0) }
            }
        }
    }

    @Test("changed bytes are refused or read, never a trap", arguments: [1, 2, 3] as [UInt64])
    func changed(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let models = [ModelBytes.folding.bytes, ModelBytes.strings.bytes, ModelBytes.sequence.bytes]
        var outcomes: [Bool: Int] = [:]
        for _ in 0..<20_000 {
            var bytes = models[Int.random(in: 0..<models.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = .random(in: 0...255, using: &generator)
                case 1: bytes[index] = [0x00, 0x7F, 0x80, 0xFF][Int.random(in: 0..<4, using: &generator)]
                case 2: bytes.insert(.random(in: 0...255, using: &generator), at: index)
                default: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            let signature = bytes.withUnsafeBytes { bytes in
                Result { try ONNXSignatureReader.signature(of: bytes) }
            }
            guard case .success(let signature) = signature else {
                outcomes[false, default: 0] += 1
                continue
            }
            outcomes[true, default: 0] += 1
            #expect(!signature.outputs.isEmpty, "seed \(seed)")
            #expect(
                (signature.inputs + signature.outputs).allSatisfy { $0.shape.dimensions.allSatisfy { $0 >= -1 } },
                "seed \(seed)")
        }
        // The changes reach both ends, else the test would say nothing.
        #expect(outcomes.values.count == 2, "seed \(seed): \(outcomes)")
    }

    @Test("a length that lies is refused", arguments: [127, 1 << 31, UInt64(1) << 63, .max])
    func lyingLength(length: UInt64) {
        // Field 7 with a length far beyond the bytes.
        let bytes = Array(
            ModelBytes.number(7, length).enumerated().map { $0.offset == 0 ? UInt8(7 << 3 | 2) : $0.element })
        #expect(throws: ONNXSignatureReader.Problem.noModel) {
            try bytes.withUnsafeBytes { try ONNXSignatureReader.signature(of: $0) }
        }
    }
}
