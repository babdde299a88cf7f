import Glibc
package import Settings
package import Tensors

/// Pretends to be a model: sleeps by a declared cost curve and answers `y = x`. For load tests only, and named as
/// what it is wherever it shows.
package struct SyntheticBackend: Backend {
    package static let platform = "spate_synthetic"

    package let signature: ModelSignature
    package var platform: String { Self.platform }
    package var rows: RowKnowledge { .byConstruction }
    private let options: SyntheticOptions

    package init(options: SyntheticOptions, maximumRows: Int) {
        self.options = options
        signature = Self.signature(options, maximumRows: maximumRows)
    }

    /// Input `x` and output `y`, both FP32 `[-1, rowElements]`.
    package static func signature(_ options: SyntheticOptions, maximumRows: Int) -> ModelSignature {
        let shape: Shape = [-1, options.rowElements]
        return ModelSignature(
            inputs: [TensorSpecification(name: "x", elementType: .float32, shape: shape)],
            outputs: [TensorSpecification(name: "y", elementType: .float32, shape: shape)],
            maximumBatchSize: maximumRows)
    }

    /// Sleeps for the declared start-up time.
    package func makeInstance() throws(InferenceError) -> any BackendInstance {
        MonotonicSleep.sleep(for: options.startUp)
        return SyntheticInstance(options: options)
    }
}

final class SyntheticInstance: BackendInstance {
    private let options: SyntheticOptions

    init(options: SyntheticOptions) { self.options = options }

    /// Takes `fixedCost + costPerRow · rows`, without using a core.
    func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
        for name in requestedOutputs where name != "y" {
            throw InferenceError(.invalidInput, "unexpected inference output '\(name)'; the synthetic backend has 'y'")
        }
        MonotonicSleep.sleep(for: options.fixedCost + options.costPerRow * rows)
        return inputs.map { input in
            var output = input
            output.name = "y"
            return output
        }
    }
}

/// Sleeps to a point in monotonic time, so that interruptions do not add up.
enum MonotonicSleep {
    static func sleep(for duration: Duration) {
        guard duration > .zero else { return }
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let (seconds, attoseconds) = duration.components
        let nanoseconds = Int(end.tv_nsec) + Int(attoseconds / 1_000_000_000)
        end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nil) == EINTR {}
    }
}
