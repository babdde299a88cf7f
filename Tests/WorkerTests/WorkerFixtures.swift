import Inference
import Synchronization
import Tensors
import Time
import WorkerTestSupport

@testable import Worker

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
