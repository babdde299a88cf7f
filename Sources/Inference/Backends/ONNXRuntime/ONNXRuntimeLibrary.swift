import COnnxRuntime
import Glibc
import Synchronization

/// The process's one ONNX Runtime: the library, its function table and its environment.
///
/// Opening costs about 30 ms and 20 MB of resident memory, 14 MB of them the library's own pages, which all
/// workers of a machine share.
final class ONNXRuntimeLibrary: Sendable {
    /// The C side never changes it after opening.
    nonisolated(unsafe) let pointer: OpaquePointer
    /// For example `1.31.1`.
    let version: String
    /// Comma-separated execution providers of this build.
    let providers: String

    private init(pointer: OpaquePointer) {
        self.pointer = pointer
        version = String(cString: spate_ort_version(pointer))
        providers = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1_024) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            spate_ort_providers(pointer, start, buffer.count)
            return String(cString: start)
        }
    }

    /// The runtime allows one environment a process and never gives up what it has loaded.
    private static let opened = Mutex<ONNXRuntimeLibrary?>(nil)

    /// Opens the library at the first call; later calls return the same one, whatever their arguments.
    static func open(
        _ search: ONNXRuntimeSearch, listener: RuntimeMessage.Listener?
    ) throws(InferenceError) -> ONNXRuntimeLibrary {
        let result: Result<ONNXRuntimeLibrary, InferenceError> = opened.withLock { opened in
            if let opened { return .success(opened) }
            let found = first(of: search, listener)
            if case .success(let library) = found { opened = library }
            return found
        }
        return try result.get()
    }

    private static func first(
        of search: ONNXRuntimeSearch, _ listener: RuntimeMessage.Listener?
    ) -> Result<ONNXRuntimeLibrary, InferenceError> {
        var failures: [String] = []
        for path in search.candidates {
            var error = spate_ort_error()
            let box = Unmanaged.passRetained(ListenerBox(listener))
            if let pointer = spate_ort_open(path, hear, box.toOpaque(), &error) {
                return .success(ONNXRuntimeLibrary(pointer: pointer))
            }
            box.release()
            failures.append(error.text)
        }
        return .failure(
            InferenceError(.modelUnavailable, missing(search, (search.refused + failures).joined(separator: "; "))))
    }

    private static func missing(_ search: ONNXRuntimeSearch, _ reasons: String) -> String {
        "ONNX Runtime's library could not be opened, looked in \(search.places.joined(separator: ", ")): \(reasons). Run `make setup`, or name the library in runtime.onnxruntime_library of the cluster file."
    }

    /// Why no library would be opened, as far as looking at files tells; `nil`: there is one. Opens none but, where no
    /// file was found, what the dynamic linker knows, and closes it.
    static func absence(_ search: ONNXRuntimeSearch) -> String? {
        for path in search.candidates where path != ONNXRuntimeSearch.linked {
            if access(path, R_OK) == 0 { return nil }
        }
        guard search.candidates.last == ONNXRuntimeSearch.linked else {
            let reason = String(cString: strerror(errno))
            return missing(search, "\(search.candidates.first ?? ""): \(reason)")
        }
        guard let library = dlopen(ONNXRuntimeSearch.linked, RTLD_LAZY | RTLD_LOCAL) else {
            return missing(search, (search.refused + ["there is none"]).joined(separator: "; "))
        }
        dlclose(library)
        return nil
    }
}

/// Something that ONNX Runtime says of its own accord, for the log.
package struct RuntimeMessage: Sendable, Equatable {
    package enum Severity: Sendable { case warning, error, fatal }

    /// Called on any thread; must not block.
    package typealias Listener = @Sendable (RuntimeMessage) -> Void

    /// An `error` comes with every call that failed; the caller has got the same as an `InferenceError`.
    package var severity: Severity
    package var text: String
}

private final class ListenerBox: Sendable {
    let listener: RuntimeMessage.Listener?
    init(_ listener: RuntimeMessage.Listener?) { self.listener = listener }
}

/// The C callback; `context` is a `ListenerBox` that lives as long as the environment.
private let hear: spate_ort_listener = { context, severity, _, _, _, message in
    guard let context, let message else { return }
    let box = Unmanaged<ListenerBox>.fromOpaque(context).takeUnretainedValue()
    let level: RuntimeMessage.Severity =
        switch severity {
        case ...2: .warning
        case 3: .error
        default: .fatal
        }
    box.listener?(RuntimeMessage(severity: level, text: String(cString: message)))
}

extension spate_ort_error {
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
