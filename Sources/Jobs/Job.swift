package import NIOCore
package import Tensors
package import Time

/// One accepted prediction request, as it lies in the queue from submit to settle.
package struct Job: Sendable, Equatable {
    package var queue: QueueName
    package var priority: PriorityClass
    /// Who sent it; `nil` where the gateway knows no tenants.
    package var tenant: String?
    package var submitted: Timestamp
    /// The moment after which its outcome is worth nothing: checked at take and again before the run.
    package var deadline: Timestamp?
    /// Where its outcome is pushed as soon as it is settled; `nil` when nobody waits.
    package var replyTo: ReplyAddress?
    /// How long the stored outcome is kept, counted from the moment it was settled.
    package var retention: Duration
    /// Bytes that mean something only to the gateway protocol that accepted the job (request id, output
    /// form); carried through to the outcome untouched. At most 64 KiB.
    package var echo: ByteBuffer
    package var inputs: [Tensor]
    /// The outputs that are wanted, in this order; empty means all.
    package var requestedOutputs: [String]

    package init(
        queue: QueueName, priority: PriorityClass = .normal, tenant: String? = nil, submitted: Timestamp,
        deadline: Timestamp? = nil, replyTo: ReplyAddress? = nil, retention: Duration, echo: ByteBuffer = ByteBuffer(),
        inputs: [Tensor], requestedOutputs: [String] = []
    ) {
        self.queue = queue
        self.priority = priority
        self.tenant = tenant
        self.submitted = submitted
        self.deadline = deadline
        self.replyTo = replyTo
        self.retention = retention
        self.echo = echo
        self.inputs = inputs
        self.requestedOutputs = requestedOutputs
    }
}

/// The gateway that waits for an outcome, and its own number for the waiting call.
///
/// The token is chosen before the submit, so an outcome that overtakes the reply to the submit still
/// finds its caller.
package struct ReplyAddress: Hashable, Sendable {
    package var gateway: String
    package var token: UInt64

    package init(gateway: String, token: UInt64) {
        self.gateway = gateway
        self.token = token
    }

    /// Where nobody waits and the gateway only counts how its jobs end: it gets a receipt, the outcome without its bytes.
    package static func receipt(for gateway: String) -> ReplyAddress { ReplyAddress(gateway: gateway, token: .max) }

    package var isForReceipts: Bool { token == .max }
}

/// A job in a worker's hands, with its history.
package struct TakenJob: Sendable {
    package var id: JobID
    package var job: Job
    /// 1 on the first delivery; grows by one with each delivery that ended in a returned error.
    package var attempt: Int
    /// 0: no worker died that may have run it. 1: one did, and perhaps ran others too. Each one more: a worker died while
    /// it ran this job and nothing else. Not failures of the job. Where it is not 0 the job runs alone (`beginTrial`).
    package var crashes: Int

    package init(id: JobID, job: Job, attempt: Int, crashes: Int) {
        self.id = id
        self.job = job
        self.attempt = attempt
        self.crashes = crashes
    }
}
