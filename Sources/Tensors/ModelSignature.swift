/// What a model version takes and gives. Shapes hold -1 where a dimension is free.
package struct ModelSignature: Sendable, Equatable {
    package var inputs: [TensorSpecification]
    package var outputs: [TensorSpecification]

    /// The most rows that may share one run, or `nil` when the first dimension of the tensors is not a
    /// batch dimension (then every request runs alone).
    package var maximumBatchSize: Int?

    package init(inputs: [TensorSpecification], outputs: [TensorSpecification], maximumBatchSize: Int?) {
        self.inputs = inputs
        self.outputs = outputs
        self.maximumBatchSize = maximumBatchSize
    }
}

/// One input or output of a model: `shape` includes the batch dimension, -1 for a free dimension.
package struct TensorSpecification: Sendable, Equatable {
    package var name: String
    package var elementType: ElementType
    package var shape: Shape

    package init(name: String, elementType: ElementType, shape: Shape) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
    }

    /// Whether `actual` agrees with this specification's shape in rank and in every fixed dimension.
    package func accepts(_ actual: Shape) -> Bool {
        guard actual.dimensions.count == shape.dimensions.count else { return false }
        return zip(actual.dimensions, shape.dimensions).allSatisfy { $0 >= 0 && ($1 == -1 || $0 == $1) }
    }
}
