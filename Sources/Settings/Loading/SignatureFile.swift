import Tensors

/// The `inputs` and `outputs` of a model file.
///
/// ```yaml
/// inputs:
///   - {name: bytes, type: INT32, shape: [-1, 2048]}
/// outputs:
///   - {name: target_label, type: FP32, shape: [-1, 3], labels: [text, image, archive]}
/// ```
struct SignatureFile {
    private let inputs: [TensorSpecification]
    private let outputs: [TensorSpecification]
    private(set) var labels: [String: [String]] = [:]

    init(reading reader: SettingsReader, directory: String) {
        inputs = reader.list("inputs") { input in
            let mayBeEmpty = input.boolean("may_be_empty", default: false)
            var tensor = TensorSpecification(reading: input)
            tensor?.emptiness = mayBeEmpty ? .declared : .refused
            return tensor
        }
        var labels: [String: [String]] = [:]
        outputs = reader.list("outputs") { output in
            let tensor = TensorSpecification(reading: output)
            let names = Self.labels(output, directory: directory)
            if let tensor, !names.isEmpty { labels[tensor.name] = names }
            return tensor
        }
        self.labels = labels
        for (key, tensors) in [("inputs", inputs), ("outputs", outputs)] {
            for (index, tensor) in tensors.enumerated()
            where tensors[..<index].contains(where: { $0.name == tensor.name }) {
                reader.report("'\(key)': two tensors of the name '\(tensor.name)'", at: key)
            }
        }
        if inputs.isEmpty != outputs.isEmpty {
            reader.report(
                "inputs and outputs belong together; declare both, or neither to take those that the model declares",
                at: inputs.isEmpty ? "outputs" : "inputs")
        }
    }

    /// `nil` where the file declares none. Rows can share a run only if the first dimension of all tensors is free.
    func signature(maximumRows: Int) -> ModelSignature? {
        guard !inputs.isEmpty, !outputs.isEmpty else { return nil }
        let batches = (inputs + outputs).allSatisfy { $0.shape.dimensions.first == -1 }
        return ModelSignature(inputs: inputs, outputs: outputs, maximumBatchSize: batches ? maximumRows : nil)
    }

    private static func labels(_ output: SettingsReader, directory: String) -> [String] {
        let names = output.strings("labels").map(\.value)
        guard let file = output.string("labels_file") else { return names }
        if !names.isEmpty { output.report("labels and labels_file exclude each other", at: "labels_file") }
        let path = SettingsPath.resolve(file, from: directory)
        do {
            return try SettingsFile.read(path).split(whereSeparator: \.isNewline).map(String.init)
        } catch {
            output.report("'labels_file': \(SettingsPath.shown(path)): \(error.message)", at: "labels_file")
            return []
        }
    }
}

extension TensorSpecification {
    fileprivate init?(reading reader: SettingsReader) {
        reader.require("name", "type", "shape")
        let name = reader.string("name")
        let types = ElementType.allCases.map(\.name)
        let type = reader.parsed("type", expected: "one of \(types.joined(separator: ", "))", suggesting: types) {
            ElementType(name: $0)
        }
        let shape = reader.integers("shape", in: -1...(1 << 40))
        guard let name, let type, let shape else { return nil }
        self.init(name: name, elementType: type, shape: Shape(shape))
    }
}
