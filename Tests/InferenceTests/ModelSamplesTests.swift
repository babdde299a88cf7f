import FoundationEssentials
import Settings
import Tensors
import Testing

@testable import Inference

@Suite struct ModelSamplesTests {
    private let signature = ModelSignature(
        inputs: [
            TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2]),
            TensorSpecification(name: "t", elementType: .bytes, shape: [-1]),
        ], outputs: [], maximumBatchSize: 8)

    private func read(_ text: String, members: [String: String] = [:]) throws -> [[Tensor]] {
        let file = FileManager.default.temporaryDirectory.appending(path: "spate-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        return try ModelSamples.read(path: file.path, members: members, signature: signature)
    }

    @Test("reads the first rows of each input, under the names that the model's file gives")
    func rows() throws {
        let rows = try read(
            #"{"numbers": [[1, 2], [3, 4.5], [5, 6]], "t": ["a", "bc"], "labels": [1, 2, 3]}"#,
            members: ["x": "numbers"])
        #expect(rows.map { $0.map(\.shape) } == [[[1, 2], [1]], [[1, 2], [1]]])
        #expect(rows.map { $0[0].floats } == [[1, 2], [3, 4.5]])
        #expect(rows.allSatisfy { row in row.allSatisfy { (try? $0.validate()) != nil } })
    }

    @Test(
        "says what is wrong with the file",
        arguments: [
            ("[1]", "no JSON object"), (#"{"x": [[1, 2]]}"#, "no list 't'"),
            (#"{"x": [[1, 2, 3]], "t": ["a"]}"#, "does not take"), (#"{"x": [["a", 2]], "t": ["a"]}"#, "does not take"),
            (#"{"x": [[1, [2]]], "t": ["a"]}"#, "does not take"), (#"{"x": [[1, 2]], "t": [3]}"#, "does not take"),
            (#"{"x": 3, "t": ["a"]}"#, "no list 'x'"),
        ])
    func wrong(text: String, reason: String) {
        let error = #expect(throws: InferenceError.self) { try read(text) }
        #expect(error?.code == .modelUnavailable)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("the digits model brings rows of its own")
    func digits() throws {
        let backend = try Models.registry().load(
            .init(name: "digits", samples: ["image": "images"]))
        #expect(try backend.samples(for: backend.signature).count == 5)
        #expect(try Models.load("digits").samples(for: backend.signature).isEmpty)
    }
}
