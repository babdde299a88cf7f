import Tensors
import Time
import WorkerTestSupport

@testable import WorkerCore

/// Answers each input with the same values under the name `y`, and fails for values that are picked.
struct Echo {
    var fault = BatchResult.Failure.Fault.input
    var isBad: (Float) -> Bool = { _ in false }

    func run(_ inputs: [Tensor]) throws(BatchResult.Failure) -> [Tensor] {
        var result: [Tensor] = []
        for input in inputs {
            if let bad = floats(input).first(where: isBad) {
                throw BatchResult.Failure(fault: fault, message: "bad value \(bad)")
            }
            var output = input
            output.name = "y"
            result.append(output)
        }
        return result
    }
}

/// Runs a batch in no time.
func execute(_ work: BatchWork, on echo: Echo = Echo()) -> BatchResult {
    let executor = BatchExecutor(now: { .zero }) { (inputs, _, _) throws(BatchResult.Failure) in try echo.run(inputs) }
    return executor.execute(work, onRerun: {})
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
