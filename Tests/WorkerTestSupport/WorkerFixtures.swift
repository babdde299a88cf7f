package import Jobs
import NIOCore
package import Tensors
package import Time
package import WorkerCore

/// One FP32 input `x` of `[rows, width]` and one FP32 output `y` of the same shape.
package func makeSignature(width: Int = 2, maximumBatchSize: Int? = 64) -> ModelSignature {
    let shape: Shape = width < 0 ? [-1, -1] : [-1, width]
    return ModelSignature(
        inputs: [TensorSpecification(name: "x", elementType: .float32, shape: shape)],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: shape)],
        maximumBatchSize: maximumBatchSize)
}

package func makeTensor(_ name: String = "x", values: [Float], width: Int = 2) -> Tensor {
    var bytes = ByteBuffer()
    for value in values { bytes.writeInteger(value.bitPattern, endianness: .little) }
    return Tensor(name: name, elementType: .float32, shape: [values.count / width, width], bytes: bytes)
}

package func floats(_ tensor: Tensor) -> [Float] {
    var bytes = tensor.bytes
    var values: [Float] = []
    while let bits = bytes.readInteger(endianness: .little, as: UInt32.self) { values.append(Float(bitPattern: bits)) }
    return values
}

package func makeQueueName(_ model: String = "m") throws -> QueueName {
    guard let name = QueueName(model: model, version: "1") else { throw FixtureError() }
    return name
}

package struct FixtureError: Error {
    package init() {}
}

/// A job whose rows are `number, number + 0.5` and so on, so that answers can be told apart.
package func makeJob(
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

package func admit(_ job: TakenJob, signature: ModelSignature = makeSignature()) throws -> Admitted {
    guard case .admitted(let admitted) = Admission(signature: signature).examine(job) else { throw FixtureError() }
    return admitted
}
