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
    /// Whether the number of dimensions is known.
    package enum Rank: Sendable, Equatable {
        case known
        /// The model says nothing of the shape, which is empty here then. That is no scalar.
        case unknown
    }

    /// Whether a dimension that the model leaves free may be 0 in a request.
    package enum Emptiness: Sendable, Equatable {
        /// Default: runtimes are not made for it; a GRU over no steps ends the process.
        case refused
        /// The model's file says that the model takes it (`may_be_empty`).
        case declared
    }

    package var name: String
    package var elementType: ElementType
    package var shape: Shape
    /// What the model's file calls its free dimensions, in order; `nil` where it gives no name that tells one from another.
    /// Dimensions of equal names are equal in every request. Empty: none is named.
    package var axisNames: [String?]
    package var rank: Rank
    package var emptiness: Emptiness

    package init(
        name: String, elementType: ElementType, shape: Shape, axisNames: [String?] = [], rank: Rank = .known,
        emptiness: Emptiness = .refused
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.axisNames = axisNames.contains { $0 != nil } ? axisNames : []
        self.rank = rank
        self.emptiness = emptiness
    }

    /// Whether `actual` agrees with this specification's shape in rank and in every fixed dimension.
    package func accepts(_ actual: Shape) -> Bool {
        if rank == .unknown { return !actual.dimensions.isEmpty && actual.dimensions.allSatisfy { $0 >= 0 } }
        guard actual.dimensions.count == shape.dimensions.count else { return false }
        return zip(actual.dimensions, shape.dimensions).allSatisfy { $0 >= 0 && ($1 == -1 || $0 == $1) }
    }

    /// The name of the dimension `index`.
    package func axisName(_ index: Int) -> String? { axisNames.indices.contains(index) ? axisNames[index] : nil }

    /// The name as one that tells axes apart, or `nil`: exporters write placeholders, too, that are equal without meaning it
    /// or differ without meaning it.
    ///
    /// | written | by | read as |
    /// |---|---|---|
    /// | `batch`, `N`, `s0` | people, PyTorch | a name |
    /// | empty, `?`, `None`, `-1`, `unknown` | scikit-learn's, Keras's and Paddle's converters | none |
    /// | `unk__6` | TensorFlow's converter, a new one for each tensor | none |
    package static func axisName(written: String) -> String? {
        let placeholders: Set<String> = ["", "?", "*", "-1", "none", "null", "unk", "unknown", "undefined", "dynamic"]
        let isPlaceholder =
            placeholders.contains(written.lowercased())
            || (written.hasPrefix("unk__") && written.dropFirst(5).allSatisfy(\.isNumber))
        return isPlaceholder ? nil : written
    }
}
