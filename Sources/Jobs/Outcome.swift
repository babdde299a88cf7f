package import NIOCore
package import Tensors
package import Time

/// The one stored end of a job.
package struct Outcome: Sendable, Equatable {
    package enum Ending: Sendable, Equatable {
        case finished([Tensor])
        case failed(JobFailure)
        /// Its deadline passed before it ran, or before its run could end in time.
        case expired
        case cancelled(reason: String)
    }

    package var id: JobID
    /// The waiting call that the outcome answers, if any.
    package var replyTo: ReplyAddress?
    package var echo: ByteBuffer
    package var ending: Ending
    package var run: RunRecord

    package init(id: JobID, replyTo: ReplyAddress?, echo: ByteBuffer, ending: Ending, run: RunRecord) {
        self.id = id
        self.replyTo = replyTo
        self.echo = echo
        self.ending = ending
        self.run = run
    }
}

extension Outcome {
    /// What is left of it when its bytes are of no interest: ending, shapes and times.
    package var receipt: Outcome {
        var receipt = self
        receipt.echo = ByteBuffer()
        if case .finished(let tensors) = ending {
            receipt.ending = .finished(
                tensors.map { tensor in
                    var tensor = tensor
                    tensor.bytes = ByteBuffer()
                    return tensor
                })
        }
        return receipt
    }
}

/// Why a job failed, in words for its caller.
package struct JobFailure: Sendable, Equatable {
    package enum Code: UInt8, Sendable, CaseIterable {
        /// The backend refused the input; running it again will not help.
        case invalidInput = 1
        /// The backend failed; attempts are used up.
        case backend = 2
        /// `maximumCrashes` workers died while they ran the job and nothing else.
        case poison = 3
        /// Spate's own fault: a message that cannot be read, a model that cannot be loaded.
        case `internal` = 4
    }
    package var code: Code
    package var message: String
    package var attempts: Int

    package init(code: Code, message: String, attempts: Int) {
        self.code = code
        self.message = message
        self.attempts = attempts
    }
}

/// Where and how long a job spent its life. Durations are zero for a job that never ran.
package struct RunRecord: Sendable, Equatable {
    package var submitted: Timestamp
    package var settled: Timestamp
    /// From submit until a worker took it.
    package var queueWait: Duration
    /// From take until its batch started.
    package var batchWait: Duration
    package var compute: Duration
    /// Rows in the batch that it ran in, its own included.
    package var batchRows: Int
    package var worker: String
    package var attempt: Int

    package init(
        submitted: Timestamp, settled: Timestamp, queueWait: Duration = .zero, batchWait: Duration = .zero,
        compute: Duration = .zero, batchRows: Int = 0, worker: String = "", attempt: Int = 1
    ) {
        self.submitted = submitted
        self.settled = settled
        self.queueWait = queueWait
        self.batchWait = batchWait
        self.compute = compute
        self.batchRows = batchRows
        self.worker = worker
        self.attempt = attempt
    }
}
