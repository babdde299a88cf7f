package import Jobs
package import Tensors

/// What of an input's shape must agree for two requests to share a run: the dimensions after the first where
/// the model leaves them free. Empty, and so equal for all, where the model fixes them all.
package struct RowShapes: Hashable, Sendable {
    package var dimensions: [Int]
    /// The ticket of a job that must share its run with none.
    package var alone: Int?
    package static let fixed = RowShapes(dimensions: [])

    package init(dimensions: [Int], alone: Int? = nil) {
        self.dimensions = dimensions
        self.alone = alone
    }
}

/// A job that fits its model.
package struct Admitted: Sendable {
    package var job: TakenJob
    /// In the order of the signature.
    package var inputs: [Tensor]
    /// 1 for a model that does not batch.
    package var rows: Int
    package var shapes: RowShapes
    /// Of its inputs.
    package var bytes: Int
}
