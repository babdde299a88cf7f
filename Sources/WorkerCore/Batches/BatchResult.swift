package import Tensors

/// How a batch went.
package struct BatchResult: Sendable {
    /// Why the rows of a part have no result.
    package struct Failure: Error, Sendable, Equatable {
        package enum Fault: Sendable, Equatable {
            /// Running it again will not help.
            case input
            /// The backend failed; another run may succeed.
            case backend
            /// The run took longer than it may; another would too.
            case bound
            /// Outputs have not the rows of the inputs: whole and by itself the request may still be answered.
            case rows
        }
        package var fault: Fault
        package var message: String

        package init(fault: Fault, message: String) {
            self.fault = fault
            self.message = message
        }
    }

    package struct Part: Sendable {
        package var ticket: Int
        package var range: Range<Int>
        /// The outputs that the job asked for, with the part's rows.
        package var outputs: Result<[Tensor], Failure>
        /// Rows of the run that it ended in: fewer than the batch's after a bisection.
        package var batchRows: Int
        package var compute: Duration
    }

    package var work: BatchWork
    package var parts: [Part]
    /// From begin to end, joining and splitting of rows included: what the instance was occupied for.
    package var occupied: Duration
    /// Whether the batch ran as formed: only then its time says something of the cost of its size.
    package var isWhole: Bool
    /// What showed that the model's first dimension does not count rows, if anything did.
    package var refutation: String?
}
