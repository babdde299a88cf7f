/// Inputs that a model does not take, in the words that Triton's users know.
package struct SignatureViolation: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
}

extension ModelSignature {
    /// The most rows of one request. More than `maximumBatchSize` are fine, they run in several batches; this bounds
    /// what a request can claim with rows that hold no bytes, such as shape [9223372036854775807,0].
    package static let maximumRequestRows = 1 << 20

    /// Checks names, types, shapes and the number of rows. Does not look at the bytes: see `Tensor.validate`.
    ///
    /// - Source: message texts as in Triton core `infer_request.cc`.
    package func validate(_ tensors: [Tensor], model: String) throws(SignatureViolation) {
        for (index, tensor) in tensors.enumerated() {
            try validate(name: tensor.name, elementType: tensor.elementType, shape: tensor.shape, model: model)
            if tensors[..<index].contains(where: { $0.name == tensor.name }) {
                throw SignatureViolation(description: "input '\(tensor.name)' is given twice for model '\(model)'")
            }
        }
        guard tensors.count == inputs.count else {
            let missing = inputs.map(\.name).filter { name in !tensors.contains { $0.name == name } }
            throw SignatureViolation(
                description:
                    "expected \(inputs.count) inputs but got \(tensors.count) inputs for model '\(model)'. Got input(s) \(quoted(tensors.map(\.name))), but missing required input(s) \(quoted(missing)). Please provide all required input(s)."
            )
        }
        try validateRows(tensors, model: model)
        for tensor in tensors { try refuseEmpty(tensor, model: model) }
        try validateEqualNames(tensors, model: model)
    }

    private func validateRows(_ tensors: [Tensor], model: String) throws(SignatureViolation) {
        guard maximumBatchSize != nil, let first = tensors.first else { return }
        for tensor in tensors where tensor.rows != first.rows {
            throw SignatureViolation(
                description:
                    "input '\(tensor.name)' batch size does not match other inputs for '\(model)': got \(tensor.rows) and \(first.rows); rows of its requests are joined, 'batching: none' in its model.yaml lets inputs differ"
            )
        }
        guard first.rows > 0 else {
            throw SignatureViolation(
                description: "a request for model '\(model)' must have at least one row, got shape \(first.shape)")
        }
        guard first.rows <= Self.maximumRequestRows else {
            throw SignatureViolation(
                description:
                    "inference request batch-size must be <= \(Self.maximumRequestRows) for '\(model)', got \(first.rows)"
            )
        }
    }

    /// Checks one input by itself: name, type and shape.
    package func validate(
        name: String, elementType: ElementType, shape: Shape, model: String
    ) throws(SignatureViolation) {
        guard let specification = inputs.first(where: { $0.name == name }) else {
            throw SignatureViolation(
                description:
                    "unexpected inference input '\(name)' for model '\(model)'; it takes \(quoted(inputs.map(\.name)))")
        }
        guard elementType == specification.elementType else {
            throw SignatureViolation(
                description:
                    "inference input '\(name)' data-type is '\(elementType.name)', but model '\(model)' expects '\(specification.elementType.name)'"
            )
        }
        guard specification.accepts(shape) else {
            throw SignatureViolation(
                description:
                    "unexpected shape for input '\(name)' for model '\(model)'. Expected \(specification.expected), got \(shape)."
            )
        }
    }

    /// A dimension of 0 where the model leaves it free: kernels are not made for it, and some end the process.
    private func refuseEmpty(_ tensor: Tensor, model: String) throws(SignatureViolation) {
        guard let specification = inputs.first(where: { $0.name == tensor.name }), specification.emptiness == .refused
        else { return }
        let declared = specification.shape.dimensions
        let empty = tensor.shape.dimensions.indices.first { index in
            tensor.shape.dimensions[index] == 0 && !(declared.indices.contains(index) && declared[index] == 0)
        }
        guard let empty else { return }
        throw SignatureViolation(
            description:
                "input '\(tensor.name)' for model '\(model)' is empty: dimension \(empty) of its shape \(tensor.shape) is 0. An input may be empty only where the model's file says so (may_be_empty: true)"
        )
    }

    /// Dimensions that the model's file calls by one name are one size.
    private func validateEqualNames(_ tensors: [Tensor], model: String) throws(SignatureViolation) {
        var known: [String: (size: Int, input: String, dimension: Int)] = [:]
        for tensor in tensors {
            guard let specification = inputs.first(where: { $0.name == tensor.name }) else { continue }
            for (dimension, size) in tensor.shape.dimensions.enumerated() {
                guard let name = specification.axisName(dimension) else { continue }
                guard let other = known[name] else {
                    known[name] = (size, tensor.name, dimension)
                    continue
                }
                guard other.size != size else { continue }
                throw SignatureViolation(
                    description:
                        "the inputs for model '\(model)' differ in '\(name)': dimension \(other.dimension) of '\(other.input)' is \(other.size), dimension \(dimension) of '\(tensor.name)' is \(size); both are one size"
                )
            }
        }
    }

    private func quoted(_ names: [String]) -> String { "[" + names.map { "'\($0)'" }.joined(separator: ",") + "]" }
}

extension TensorSpecification {
    /// What a shape must be, for an error's text.
    fileprivate var expected: String {
        switch rank {
        case .known: shape.description
        case .unknown:
            "one dimension at least (the model's file gives no shape; if it is a scalar, declare 'shape: []' in model.yaml)"
        }
    }
}
