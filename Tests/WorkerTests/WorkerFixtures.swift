import Inference
import Jobs
import NIOCore
import Synchronization
import Tensors
import Time

@testable import Worker

/// One FP32 input `x` of `[rows, width]` and one FP32 output `y` of the same shape.
func makeSignature(width: Int = 2, maximumBatchSize: Int? = 64) -> ModelSignature {
    let shape: Shape = width < 0 ? [-1, -1] : [-1, width]
    return ModelSignature(
        inputs: [TensorSpecification(name: "x", elementType: .float32, shape: shape)],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: shape)],
        maximumBatchSize: maximumBatchSize)
}

func makeTensor(_ name: String = "x", values: [Float], width: Int = 2) -> Tensor {
    var bytes = ByteBuffer()
    for value in values { bytes.writeInteger(value.bitPattern, endianness: .little) }
    return Tensor(name: name, elementType: .float32, shape: [values.count / width, width], bytes: bytes)
}

func floats(_ tensor: Tensor) -> [Float] {
    var bytes = tensor.bytes
    var values: [Float] = []
    while let bits = bytes.readInteger(endianness: .little, as: UInt32.self) { values.append(Float(bitPattern: bits)) }
    return values
}

func makeQueueName(_ model: String = "m") throws -> QueueName {
    guard let name = QueueName(model: model, version: "1") else { throw FixtureError() }
    return name
}

struct FixtureError: Error {}

/// A job whose rows are `number, number + 0.5` and so on, so that answers can be told apart.
func makeJob(
    _ number: Int, rows: Int = 1, width: Int = 2, submitted: Timestamp = .zero, deadline: Timestamp? = nil,
    attempt: Int = 1, priority: PriorityClass = .normal, inputs: [Tensor]? = nil, outputs: [String] = [],
    model: String = "m"
) throws -> TakenJob {
    let queue = try makeQueueName(model)
    let values = (0..<(rows * width)).map { Float(number) + Float($0) / 1_024 }
    return TakenJob(
        id: JobID(queue: queue, priority: priority, entry: EntryID(milliseconds: UInt64(number), sequence: 0)),
        job: Job(
            queue: queue, priority: priority, submitted: submitted, deadline: deadline,
            replyTo: ReplyAddress(gateway: "g", token: UInt64(number)), retention: .seconds(60),
            inputs: inputs ?? [makeTensor(values: values, width: width)], requestedOutputs: outputs),
        attempt: attempt, crashes: 0)
}

func admit(_ job: TakenJob, signature: ModelSignature = makeSignature()) throws -> Admitted {
    guard case .admitted(let admitted) = Admission(signature: signature).examine(job) else { throw FixtureError() }
    return admitted
}

/// Answers each input with the same values under the name `y`, and fails for values that are picked.
final class EchoInstance: BackendInstance {
    private let code: InferenceError.Code
    private let isBad: @Sendable (Float) -> Bool

    init(code: InferenceError.Code = .invalidInput, isBad: @escaping @Sendable (Float) -> Bool = { _ in false }) {
        self.code = code
        self.isBad = isBad
    }

    func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
        var result: [Tensor] = []
        for input in inputs {
            if let bad = floats(input).first(where: isBad) { throw InferenceError(code, "bad value \(bad)") }
            var output = input
            output.name = "y"
            result.append(output)
        }
        return result
    }
}

/// A time source that stands still until told.
final class FixedTime: TimeSource {
    private let value = Mutex(Timestamp.zero)
    func now() -> Timestamp { value.withLock { $0 } }
    func advance(by duration: Duration) { value.withLock { $0 = $0 + duration } }
}

/// Monotonic time that a test can set forward.
final class SteppingTime: TimeSource {
    private let running = RunningTime()
    private let offset = Mutex(Duration.zero)
    func now() -> Timestamp { running.now() + offset.withLock { $0 } }
    func advance(by duration: Duration) { offset.withLock { $0 += duration } }
}

/// The cluster's time and monotonic time as one.
extension ModelLedger {
    mutating func accept(_ jobs: [Admitted], now: Timestamp) -> Actions { accept(jobs, now: now, steady: now) }
    mutating func tick(now: Timestamp) -> Actions { tick(now: now, steady: now) }
    mutating func drain(now: Timestamp) -> Actions { drain(now: now, steady: now) }
    mutating func completed(_ result: BatchResult, on instance: Int, now: Timestamp) -> Actions {
        completed(result, on: instance, now: now, steady: now)
    }
}

func execute(_ work: BatchWork, on instance: EchoInstance = EchoInstance()) -> BatchResult {
    BatchExecutor(instance: instance, steady: FixedTime()).execute(work, onRerun: {})
}
