import Settings
import Synchronization
package import Tensors

/// ONNX models on ONNX Runtime, through its C ABI.
///
/// Instances share what they can. With one thread each on the CPU they are one session, which several threads may run
/// at once: measured on Magika, two threads on one session answer as many rows per second as on two, and a further
/// instance costs neither memory nor time to load. With several threads each, or on a device, every instance is a
/// session of its own with weights of its own: the runtime's container for packed weights shares only weights that the
/// caller hands in one by one (measured: four sessions of Magika hold 23.3 MB with it and without it).
package final class ONNXRuntimeBackend: Backend {
    package static let platform = "onnxruntime_onnx"

    package let signature: ModelSignature
    package var platform: String { Self.platform }
    package let rows: RowKnowledge

    private let model: String
    private let path: String
    private let sampleFile: SampleFile?
    private let options: ONNXOptions
    private let library: ONNXRuntimeLibrary
    /// The session that loading made, until an instance takes it; stays when all instances share it.
    private let loaded: Mutex<ONNXSession?>

    private var sharesSession: Bool {
        options.threads <= 1 && options.providers.allSatisfy { $0 == "CPUExecutionProvider" }
    }

    /// - Parameter path: of the `.onnx` file.
    /// - Throws: `modelUnavailable` when the file is missing or no model, a provider is not in this build of the runtime, or
    ///   the model has an input or output that is no tensor.
    init(
        model: String, path: String, samples: SampleFile? = nil, options: ONNXOptions, maximumRows: Int,
        library: ONNXRuntimeLibrary
    ) throws(InferenceError) {
        self.model = model
        self.path = path
        sampleFile = samples
        self.options = options
        self.library = library
        let session = try ONNXSession(model: model, path: path, options: options, library: library)
        var signature = session.signature
        if signature.maximumBatchSize != nil { signature.maximumBatchSize = maximumRows }
        self.signature = signature
        rows = .unproven(.read(path: path, integers: signature.takesIntegers))
        loaded = Mutex(session)
    }

    package func samples(for signature: ModelSignature) throws(InferenceError) -> [[Tensor]] {
        guard let sampleFile else { return [] }
        return try ModelSamples.read(path: sampleFile.path, members: sampleFile.members, signature: signature)
    }

    package func makeInstance() throws(InferenceError) -> any BackendInstance {
        let ready = loaded.withLock { session in
            defer { if !sharesSession { session = nil } }
            return session
        }
        if let ready { return ready }
        return try ONNXSession(model: model, path: path, options: options, library: library)
    }
}

/// Where the rows of a model's samples are: a file, and its member for each input.
struct SampleFile: Sendable {
    var path: String
    var members: [String: String]
}
