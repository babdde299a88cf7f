import GatewayCore
import Jobs
import NIOCore
import Tensors

/// One prediction request, decoded and checked, whatever protocol it came in.
struct InferenceCall: Sendable {
    var model: ServedModel
    var inputs: [Tensor]
    /// The outputs that are wanted, in this order; empty means all.
    var requestedOutputs: [String]
    var priority: PriorityClass
    var tenant: String?
    /// How long a synchronous caller waits; `nil`: the gateway's setting.
    var timeout: Duration?
    /// From now until the outcome is worth nothing.
    var deadline: Duration?
    var once: IdempotencyKey?
    /// What the protocol needs to encode the answer later.
    /// Empty: the form that is meant where nothing is said.
    var echo: ByteBuffer

    init(
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

/// How a synchronous call ended, and the name of its job.
struct CallResult: Sendable {
    var answer: CallAnswer
    var ticket: JobTicket
}
