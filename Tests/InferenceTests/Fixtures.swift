import FoundationEssentials
import NIOCore
import Settings
import Tensors

@testable import Inference

/// The models of this repository and models of a test's own.
enum Models {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let repository = ModelRepository(path: "\(root)/cluster/models")

    static func registry(_ repository: ModelRepository = repository) -> BackendRegistry {
        BackendRegistry(runtime: RuntimeSettings(), repository: repository)
    }

    static func load(
        _ name: String, _ repository: ModelRepository = repository, options: ONNXOptions = ONNXOptions()
    ) throws -> any Backend {
        try registry(repository).load(ModelSettings(name: name, backend: .onnxruntime(options)))
    }

    static func instance(_ name: String) throws -> any BackendInstance { try load(name).makeInstance() }

    /// A repository with one model `made`, gone after `body`.
    static func with<R>(_ bytes: [UInt8], _ body: (ModelRepository) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "made/1"), withIntermediateDirectories: true)
        try Data(bytes).write(to: folder.appending(path: "made/1/model.onnx"))
        return try body(ModelRepository(path: folder.path))
    }

    static func withInstance<R>(_ model: ModelBytes, _ body: (any BackendInstance) throws -> R) throws -> R {
        try with(model.bytes) { repository in try body(load("made", repository).makeInstance()) }
    }
}

/// Pictures that the digits model was not trained on, with the class that scikit-learn's own model gave them.
struct DigitSamples: Decodable {
    var images: [[Float]]
    var labels: [Int64]

    static func read() throws -> DigitSamples {
        let file = URL(filePath: "\(Models.repository.path)/digits/samples.json")
        return try JSONDecoder().decode(DigitSamples.self, from: Data(contentsOf: file))
    }
}

func makeTensor(_ name: String, _ values: [Float], columns: Int) -> Tensor {
    var bytes = ByteBuffer()
    for value in values { bytes.writeInteger(value.bitPattern, endianness: .little) }
    return Tensor(name: name, elementType: .float32, shape: [values.count / columns, columns], bytes: bytes)
}

func makeTexts(_ name: String, _ texts: [String], columns: Int) -> Tensor {
    var bytes = ByteBuffer()
    for text in texts {
        bytes.writeInteger(UInt32(text.utf8.count), endianness: .little)
        bytes.writeString(text)
    }
    return Tensor(name: name, elementType: .bytes, shape: [texts.count / columns, columns], bytes: bytes)
}

extension Tensor {
    var floats: [Float] {
        bytes.withUnsafeReadableBytes { raw in
            (0..<raw.count / 4).map { Float(bitPattern: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
        }
    }

    var integers: [Int64] {
        bytes.withUnsafeReadableBytes { raw in
            (0..<raw.count / 8).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
        }
    }
}
