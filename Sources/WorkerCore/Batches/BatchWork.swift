package import Jobs
package import Tensors

/// A batch on its way to an instance, with its inputs.
package struct BatchWork: Sendable {
    /// The rows of one job that run in this batch.
    package struct Part: Sendable {
        /// The ledger's number of the job.
        package var ticket: Int
        package var job: JobID
        package var inputs: [Tensor]
        package var range: Range<Int>
        package var itemRows: Int
        package var requestedOutputs: [String]
    }

    package var number: UInt64
    package var shapes: RowShapes
    package var parts: [Part]
    package var rows: Int
    package var counting = RowCounting.counted

    /// Whether it is one request in one piece: then its outputs are its own, however many rows they have.
    package var isOneRequest: Bool { parts.count == 1 && parts.allSatisfy { $0.range.count == $0.itemRows } }
}

/// What the first dimension of a model's tensors is taken for.
package enum RowCounting: Sendable {
    /// It counts rows: requests are joined and cut, and outputs are held to it. Can go to: whole.
    case counted
    /// It says nothing: a request runs whole and by itself.
    case whole
}
