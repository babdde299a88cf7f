import NIOCore
import Settings
import Tensors
import Testing

@testable import Inference

@Suite struct ONNXRuntimeBackendTests {
    @Test("answers for digits as scikit-learn's own model does")
    func digitsAnswers() throws {
        let samples = try DigitSamples.read()
        #expect(samples.images.count >= 50)
        let input = makeTensor("image", samples.images.flatMap { $0 }, columns: 64)
        let outputs = try Models.instance("digits").run([input], rows: samples.images.count, requestedOutputs: [])
        #expect(outputs.map(\.name) == ["label", "probabilities"])
        #expect(outputs[0].integers == samples.labels)
        #expect(outputs[1].shape == [samples.images.count, 10])
        for row in 0..<samples.images.count {
            let probabilities = outputs[1].floats[row * 10..<(row + 1) * 10]
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-4)
            #expect(
                probabilities.firstIndex(of: probabilities.max() ?? 0).map { $0 - row * 10 } == Int(samples.labels[row])
            )
        }
    }

    @Test("a row gets the same answer alone and in company")
    func batchingChangesNothing() throws {
        let images = try DigitSamples.read().images
        let instance = try Models.instance("digits")
        let together = try instance.run(
            [makeTensor("image", images.flatMap { $0 }, columns: 64)], rows: images.count, requestedOutputs: [])
        for (row, image) in images.enumerated() {
            let alone = try instance.run([makeTensor("image", image, columns: 64)], rows: 1, requestedOutputs: [])
            #expect(alone[0].integers == [together[0].integers[row]])
            for (a, b) in zip(alone[1].floats, together[1].floats[(row * 10)...]) { #expect(abs(a - b) < 1e-5) }
        }
    }

    @Test("gives the outputs that were asked for, in that order")
    func requestedOutputs() throws {
        try Models.withInstance(.sum) { instance in
            let inputs = [makeTensor("b", [1, 2], columns: 2), makeTensor("a", [10, 20], columns: 2)]
            let both = try instance.run(inputs, rows: 1, requestedOutputs: ["difference", "sum"])
            #expect(both.map(\.name) == ["difference", "sum"])
            #expect(both.map(\.floats) == [[9, 18], [11, 22]])
            #expect(try instance.run(inputs, rows: 1, requestedOutputs: ["sum"]).map(\.floats) == [[11, 22]])
        }
    }

    @Test("reads bytes that start at any address", arguments: 0..<8)
    func misalignedBytes(offset: Int) throws {
        let image = try DigitSamples.read().images[0]
        var tensor = makeTensor("image", image, columns: 64)
        var shifted = ByteBuffer(repeating: 0, count: offset)
        shifted.writeImmutableBuffer(tensor.bytes)
        let label = try Models.instance("digits").run([tensor], rows: 1, requestedOutputs: ["label"])
        tensor.bytes = try #require(shifted.getSlice(at: offset, length: 256))
        #expect(try Models.instance("digits").run([tensor], rows: 1, requestedOutputs: ["label"]) == label)
    }

    @Test("carries strings both ways, with zero bytes and emptiness")
    func strings() throws {
        try Models.withInstance(.strings) { instance in
            let texts = ["plain", "", "zero\u{0}inside", "Grüße", String(repeating: "long ", count: 1_000), "\u{0}"]
            let input = makeTexts("text", texts, columns: 2)
            let output = try #require(instance.run([input], rows: 3, requestedOutputs: []).first)
            #expect(output.elementType == .bytes && output.shape == [3, 2])
            #expect(output.bytes == input.bytes)
        }
    }

    @Test("takes a batch of no rows")
    func emptyBatch() throws {
        try Models.withInstance(.sum) { instance in
            let inputs = ["a", "b"].map { makeTensor($0, [], columns: 2) }
            let outputs = try instance.run(inputs, rows: 0, requestedOutputs: [])
            #expect(outputs.map(\.shape) == [[0, 2], [0, 2]])
            #expect(outputs.allSatisfy { $0.bytes.readableBytes == 0 })
        }
    }

    @Test("instances share one session while each has one thread, and have their own otherwise")
    func sharing() throws {
        for providers in [[], ["CPUExecutionProvider"]] {
            let alone = try Models.load("digits", options: ONNXOptions(instances: 2, threads: 1, providers: providers))
            #expect(try alone.makeInstance() === alone.makeInstance())
        }
        let several = try Models.load("digits", options: ONNXOptions(instances: 2, threads: 2))
        let (first, second) = (try several.makeInstance(), try several.makeInstance())
        #expect(first !== second)
        let input = makeTensor("image", try DigitSamples.read().images[0], columns: 64)
        #expect(
            try first.run([input], rows: 1, requestedOutputs: []) == second.run([input], rows: 1, requestedOutputs: []))
    }

    struct BadInput: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var inputs: [Tensor]
        var outputs: [String] = []
        var text: String
    }

    static let badInputs = [
        BadInput(testDescription: "no input", inputs: [], text: "takes the input 'a' once, got it 0 times"),
        BadInput(
            testDescription: "an input twice", inputs: ["a", "a"].map { makeTensor($0, [1, 2], columns: 2) },
            text: "takes the input 'a' once, got it 2 times"),
        BadInput(
            testDescription: "an unknown input", inputs: ["a", "b", "c"].map { makeTensor($0, [1, 2], columns: 2) },
            text: "c"),
        BadInput(
            testDescription: "an unknown output", inputs: ["a", "b"].map { makeTensor($0, [1, 2], columns: 2) },
            outputs: ["product"], text: "unexpected inference output 'product' for model 'made'"),
        BadInput(
            testDescription: "a wrong dimension", inputs: ["a", "b"].map { makeTensor($0, [1, 2, 3], columns: 3) },
            text: "Got: 3 Expected: 2"),
        BadInput(
            testDescription: "strings for numbers",
            inputs: [makeTensor("a", [1, 2], columns: 2), makeTexts("b", ["x", "y"], columns: 2)], text: "type"),
        BadInput(
            testDescription: "fewer bytes than the shape needs",
            inputs: ["a", "b"].map { name in
                var tensor = makeTensor(name, [1, 2], columns: 2)
                tensor.shape = [4, 2]
                return tensor
            }, text: "8 bytes, too few for shape [4,2]"),
        BadInput(
            testDescription: "a shape beyond all memory",
            inputs: ["a", "b"].map { name in
                var tensor = makeTexts(name, ["x", "y"], columns: 2)
                tensor.shape = [1 << 60, 2]
                return tensor
            }, text: "too few for shape"),
    ]

    @Test("refuses what does not suit the model, in words, and goes on", arguments: badInputs)
    func badInput(_ bad: BadInput) throws {
        try Models.withInstance(.sum) { instance in
            let error = #expect(throws: InferenceError.self) {
                try instance.run(bad.inputs, rows: 1, requestedOutputs: bad.outputs)
            }
            #expect(error?.code == .invalidInput)
            #expect(error?.message.contains(bad.text) == true, "\(error?.message ?? "")")
            let good = ["a", "b"].map { makeTensor($0, [1, 2], columns: 2) }
            let answer = try instance.run(good, rows: 1, requestedOutputs: ["sum"])
            #expect(answer.map(\.floats) == [[2, 4]])
        }
    }

    @Test(
        "refuses strings that do not fill their shape",
        arguments: [[UInt8]([9, 0, 0, 0, 65, 0, 0, 0, 0]), [1, 0, 0, 0, 65, 0, 0, 0]])
    func brokenStrings(bytes: [UInt8]) throws {
        try Models.withInstance(.strings) { instance in
            let tensor = Tensor(name: "text", elementType: .bytes, shape: [1, 2], bytes: ByteBuffer(bytes: bytes))
            let error = #expect(throws: InferenceError.self) {
                try instance.run([tensor], rows: 1, requestedOutputs: [])
            }
            #expect(error?.code == .invalidInput)
        }
    }

    @Test("a failing operator is the backend's failure, and the instance goes on")
    func failingOperator() throws {
        try Models.withInstance(.folding) { instance in
            let error = #expect(throws: InferenceError.self) {
                try instance.run([makeTensor("x", [1, 2], columns: 2)], rows: 1, requestedOutputs: [])
            }
            #expect(error?.code == .backend)
            #expect(error?.message.contains("model 'made' failed") == true)
            let folded = try instance.run(
                [makeTensor("x", [1, 2, 3, 4, 5, 6], columns: 2)], rows: 3, requestedOutputs: [])
            #expect(folded.map(\.shape) == [[2, 3]])
        }
    }

    @Test("says of an execution provider that the build lacks which ones it has")
    func missingProvider() {
        let error = #expect(throws: InferenceError.self) {
            try Models.load("digits", options: ONNXOptions(providers: ["CUDAExecutionProvider"]))
        }
        #expect(error?.code == .modelUnavailable)
        #expect(error?.message.contains("CPUExecutionProvider") == true, "\(error?.message ?? "")")
    }

    @Test("names the file that is missing or no model", arguments: [nil, [UInt8](), Array("no model".utf8)])
    func noModel(bytes: [UInt8]?) throws {
        let load = { (repository: ModelRepository) in
            let error = #expect(throws: InferenceError.self) { try Models.load("made", repository) }
            #expect(error?.code == .modelUnavailable)
            #expect(error?.message.contains("made/1/model.onnx") == true)
        }
        if let bytes { try Models.with(bytes, load) } else { load(ModelRepository(path: "/nowhere")) }
    }

    @Test("refuses a model whose output the protocol cannot carry, and says how to export it")
    func unsupportedOutput() throws {
        try Models.with(ModelBytes.sequence.bytes) { repository in
            let error = #expect(throws: InferenceError.self) { try Models.load("made", repository) }
            #expect(error?.code == .modelUnavailable)
            #expect(error?.message.contains("output 'list' of model 'made'") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("zipmap") == true)
        }
    }
}
