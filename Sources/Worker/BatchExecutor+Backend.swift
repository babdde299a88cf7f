import Inference
import Tensors
import Time
import WorkerCore

extension BatchExecutor {
    /// Runs batches on an instance, on the thread that it belongs to.
    ///
    /// - Parameter steady: monotonic.
    init(_ instance: any BackendInstance, steady: any TimeSource) {
        self.init(now: { steady.now() }) { (inputs, rows, outputs) throws(BatchResult.Failure) in
            do throws(InferenceError) {
                return try instance.run(inputs, rows: rows, requestedOutputs: outputs)
            } catch {
                let fault: BatchResult.Failure.Fault =
                    switch error.code {
                    case .invalidInput: .input
                    case .backend, .modelUnavailable: .backend
                    }
                throw BatchResult.Failure(fault: fault, message: error.message)
            }
        }
    }
}
