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
            guard let specification = inputs.first(where: { $0.name == tensor.name }) else {
                throw SignatureViolation(
                    description:
                        "unexpected inference input '\(tensor.name)' for model '\(model)'; it takes \(quoted(inputs.map(\.name)))"
                )
            }
            if tensors[..<index].contains(where: { $0.name == tensor.name }) {
                throw SignatureViolation(description: "input '\(tensor.name)' is given twice for model '\(model)'")
            }
            guard tensor.elementType == specification.elementType else {
                throw SignatureViolation(
                    description:
                        "inference input '\(tensor.name)' data-type is '\(tensor.elementType.name)', but model '\(model)' expects '\(specification.elementType.name)'"
                )
            }
            guard specification.accepts(tensor.shape) else {
                throw SignatureViolation(
                    description:
                        "unexpected shape for input '\(tensor.name)' for model '\(model)'. Expected \(specification.shape), got \(tensor.shape)."
                )
            }
        }
        guard tensors.count == inputs.count else {
            let missing = inputs.map(\.name).filter { name in !tensors.contains { $0.name == name } }
            throw SignatureViolation(
                description:
                    "expected \(inputs.count) inputs but got \(tensors.count) inputs for model '\(model)'. Got input(s) \(quoted(tensors.map(\.name))), but missing required input(s) \(quoted(missing)). Please provide all required input(s)."
            )
        }
        guard maximumBatchSize != nil, let first = tensors.first else { return }
        for tensor in tensors where tensor.rows != first.rows {
            throw SignatureViolation(
                description:
                    "input '\(tensor.name)' batch size does not match other inputs for '\(model)': got \(tensor.rows) and \(first.rows)"
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

    private func quoted(_ names: [String]) -> String { "[" + names.map { "'\($0)'" }.joined(separator: ",") + "]" }
}
