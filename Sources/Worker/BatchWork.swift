import Batching
import Jobs
import Tensors
import Time

/// A batch on its way to an instance, with its inputs.
struct BatchWork: Sendable {
    /// The rows of one job that run in this batch.
    struct Part: Sendable {
        /// The ledger's number of the job.
        var ticket: Int
        var job: JobID
        var inputs: [Tensor]
        var range: Range<Int>
        var itemRows: Int
        var requestedOutputs: [String]
    }

    var number: UInt64
    var shapes: RowShapes
    var parts: [Part]
    var rows: Int
    var counting = RowCounting.counted

    /// Whether it is one request in one piece: then its outputs are its own, however many rows they have.
    var isOneRequest: Bool { parts.count == 1 && parts.allSatisfy { $0.range.count == $0.itemRows } }
}

/// What the first dimension of a model's tensors is taken for.
enum RowCounting: Sendable {
    /// It counts rows: requests are joined and cut, and outputs are held to it. Can go to: whole.
    case counted
    /// It says nothing: a request runs whole and by itself.
    case whole
}

/// How a batch went.
struct BatchResult: Sendable {
    /// Why the rows of a part have no result.
    struct Failure: Error, Sendable, Equatable {
        enum Fault: Sendable, Equatable {
            /// Running it again will not help.
            case input
            /// The backend failed; another run may succeed.
            case backend
            /// The run took longer than it may; another would too.
            case bound
            /// Outputs have not the rows of the inputs: whole and by itself the request may still be answered.
            case rows
        }
        var fault: Fault
        var message: String
    }

    struct Part: Sendable {
        var ticket: Int
        var range: Range<Int>
        /// The outputs that the job asked for, with the part's rows.
        var outputs: Result<[Tensor], Failure>
        /// Rows of the run that it ended in: fewer than the batch's after a bisection.
        var batchRows: Int
        var compute: Duration
    }

    var work: BatchWork
    var parts: [Part]
    /// From begin to end, joining and splitting of rows included: what the instance was occupied for.
    var occupied: Duration
    /// Whether the batch ran as formed: only then its time says something of the cost of its size.
    var isWhole: Bool
    /// What showed that the model's first dimension does not count rows, if anything did.
    var refutation: String?
}
