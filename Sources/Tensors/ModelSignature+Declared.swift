extension ModelSignature {
    /// Returns this signature, which an operator declared, as it can be served by a model whose `own` signature is known.
    ///
    /// The declaration may narrow: fix a dimension that the model leaves free, leave out an output, keep requests apart
    /// (a first dimension that is no row count). It takes the place of the model's own signature then.
    ///
    /// | declared | the model's own | then |
    /// |---|---|---|
    /// | [-1, 128] | [-1, -1] | rows of 128 |
    /// | [128] | [-1] | every request runs alone: the axis is not of rows |
    /// | [-1, 3] | [] | as declared: a runtime that does not know the rank says so |
    /// | [-1, 3] | [1, 3] | an error: the model would refuse what is promised |
    ///
    /// - Throws: what does not agree, with both shapes.
    package func declared(over own: ModelSignature) throws(SignatureViolation) -> ModelSignature {
        for port in own.inputs where !inputs.contains(where: { $0.name == port.name }) {
            throw SignatureViolation(description: "inputs must name '\(port.name)', which the model needs")
        }
        for (kind, declared, actual) in [("input", inputs, own.inputs), ("output", outputs, own.outputs)] {
            for port in declared { try port.check(kind, against: actual) }
        }
        // An output that is not declared comes along all the same, and is split by rows with the others.
        let runsInBatches = (own.inputs + own.outputs).allSatisfy { port in
            guard let first = port.shape.dimensions.first else {
                return (inputs + outputs).contains { $0.name == port.name && !$0.shape.dimensions.isEmpty }
            }
            return first == -1
        }
        var signature = self
        if !runsInBatches { signature.maximumBatchSize = nil }
        return signature
    }
}

extension TensorSpecification {
    fileprivate func check(_ kind: String, against actual: [TensorSpecification]) throws(SignatureViolation) {
        guard let own = actual.first(where: { $0.name == name }) else {
            throw SignatureViolation(
                description:
                    "the model has no \(kind) '\(name)'; it has \(actual.map { "'\($0.name)'" }.joined(separator: ", "))"
            )
        }
        guard own.elementType == elementType else {
            throw SignatureViolation(
                description:
                    "\(kind) '\(name)' is declared as \(elementType.name), but the model's is \(own.elementType.name)")
        }
        guard !own.shape.dimensions.isEmpty else { return }
        let agrees =
            own.shape.dimensions.count == shape.dimensions.count
            && zip(own.shape.dimensions, shape.dimensions).allSatisfy { $0 < 0 || $0 == $1 }
        guard agrees else {
            throw SignatureViolation(
                description:
                    "\(kind) '\(name)' is declared with the shape \(shape), but the model's is \(own.shape), whose fixed dimensions must stay"
            )
        }
    }
}
