import COnnxRuntime

/// Weights in the layout that the kernels read, kept once for all sessions of a model.
final class PackedWeights: Sendable {
    /// The runtime locks it; it may be given to sessions on several threads.
    nonisolated(unsafe) let pointer: OpaquePointer?
    private let library: ONNXRuntimeLibrary

    init(_ library: ONNXRuntimeLibrary) {
        self.library = library
        pointer = spate_ort_weights_create(library.pointer)
    }

    deinit { spate_ort_weights_release(library.pointer, pointer) }
}
