package import Jobs
package import NIOCore
package import Tensors

/// One prediction request, decoded and checked, whatever protocol it came in.
package struct InferenceCall: Sendable {
    package var model: ServedModel
    package var inputs: [Tensor]
    /// The outputs that are wanted, in this order; empty means all.
    package var requestedOutputs: [String]
    package var priority: PriorityClass
    package var tenant: String?
    /// How long a synchronous caller waits; `nil`: the gateway's setting.
    package var timeout: Duration?
    /// From now until the outcome is worth nothing.
    package var deadline: Duration?
    package var once: IdempotencyKey?
    /// What the protocol needs to encode the answer later.
    package var echo: ByteBuffer

    package init(
        model: ServedModel, inputs: [Tensor], requestedOutputs: [String] = [], priority: PriorityClass = .normal,
        tenant: String? = nil, timeout: Duration? = nil, deadline: Duration? = nil, once: IdempotencyKey? = nil,
        echo: ByteBuffer = ByteBuffer()
    ) {
        self.model = model
        self.inputs = inputs
        self.requestedOutputs = requestedOutputs
        self.priority = priority
        self.tenant = tenant
        self.timeout = timeout
        self.deadline = deadline
        self.once = once
        self.echo = echo
    }
}

/// How a synchronous call ended.
package enum CallResult: Sendable {
    case settled(Outcome)
    /// The job goes on; its caller can collect the outcome under this id.
    case timedOut(JobID)
    /// The client went away; its job was cancelled.
    case disconnected
}
