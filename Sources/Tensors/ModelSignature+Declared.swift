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
    /// | [-1, 3] | no shape | as declared |
    /// | [-1], of an output | [1] | as declared: exporters write the 1 that they have tried (LightGBM's label) |
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
        var signature = self
        signature.inputs = inputs.map { $0.named(as: own.inputs) }
        signature.outputs = outputs.map { $0.named(as: own.outputs) }
        // An output that is not declared is run all the same: its axes speak with the others'.
        let left = own.outputs.filter { port in !outputs.contains { $0.name == port.name } }
        let ports = signature.inputs + signature.outputs + left
        if !ports.allSatisfy(\.mayCountRows) { signature.maximumBatchSize = nil }
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
        guard own.rank == .known else { return }
        let isOutput = kind == "output"
        let agrees =
            own.shape.dimensions.count == shape.dimensions.count
            && zip(own.shape.dimensions, shape.dimensions).allSatisfy { $0 < 0 || $0 == $1 || (isOutput && $1 < 0) }
        guard agrees else {
            throw SignatureViolation(
                description:
                    "\(kind) '\(name)' is declared with the shape \(shape), but the model's is \(own.shape), whose fixed dimensions must stay"
            )
        }
    }

    /// With the names that the model's own specification has for the dimensions that stay free.
    fileprivate func named(as own: [TensorSpecification]) -> TensorSpecification {
        guard let same = own.first(where: { $0.name == name }), !same.axisNames.isEmpty else { return self }
        var specification = self
        specification.axisNames = shape.dimensions.indices.map { shape.dimensions[$0] < 0 ? same.axisName($0) : nil }
        return specification
    }

    /// Whether the first dimension is free, as far as is known: a shape that is not known may begin with rows.
    package var mayCountRows: Bool { rank == .unknown || shape.dimensions.first == -1 }
}
