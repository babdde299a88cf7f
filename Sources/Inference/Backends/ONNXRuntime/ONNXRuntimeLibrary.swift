import COnnxRuntime
import Foundation
import Synchronization

/// The process's one ONNX Runtime: the library, its function table and its environment.
final class ONNXRuntimeLibrary: Sendable {
    /// The C side never changes it after opening.
    nonisolated(unsafe) let pointer: OpaquePointer
    let path: String

    private init(pointer: OpaquePointer, path: String) {
        self.pointer = pointer
        self.path = path
    }

    private static let opened = Mutex<ONNXRuntimeLibrary?>(nil)

    /// Opens the library at the first call; later calls return the same one, whatever their argument.
    ///
    /// It is looked for at `configured`; else at `$SPATE_ONNXRUNTIME_LIBRARY`, beside the executable, in
    /// `.spate/onnxruntime` of the current directory and its parents, in /usr/local/lib and /usr/lib, and at last
    /// wherever the dynamic linker looks.
    static func open(configured: String?) throws(InferenceError) -> ONNXRuntimeLibrary {
        let result: Result<ONNXRuntimeLibrary, InferenceError> = opened.withLock { opened in
            if let opened { return .success(opened) }
            let found = search(configured: configured)
            if case .success(let library) = found { opened = library }
            return found
        }
        return try result.get()
    }

    private static func search(configured: String?) -> Result<ONNXRuntimeLibrary, InferenceError> {
        var failures: [String] = []
        for path in candidates(configured: configured) {
            var error = spate_ort_error()
            if let pointer = spate_ort_open(path, &error) { return .success(.init(pointer: pointer, path: path)) }
            failures.append("\(path) (\(error.text))")
        }
        return .failure(
            InferenceError(
                .modelUnavailable,
                "ONNX Runtime's library could not be opened; tried \(failures.joined(separator: ", ")). Run `make setup`, or set runtime.onnxruntime_library in the cluster file."
            ))
    }

    private static func candidates(configured: String?) -> [String] {
        if let configured { return [configured] }
        if let path = ProcessInfo.processInfo.environment["SPATE_ONNXRUNTIME_LIBRARY"] { return [path] }
        var folders: [String] = []
        if let executable = Bundle.main.executablePath {
            folders.append((executable as NSString).deletingLastPathComponent)
        }
        var folder = FileManager.default.currentDirectoryPath
        while true {
            folders.append(folder + "/.spate/onnxruntime")
            if folder == "/" || folder.isEmpty { break }
            folder = (folder as NSString).deletingLastPathComponent
        }
        folders += ["/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib"]
        let files = folders.flatMap { folder in
            // A folder that is not there has no library; the search goes on.
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
                .filter { $0.hasPrefix("libonnxruntime.so") }.sorted().map { folder + "/" + $0 }
        }
        return files + ["libonnxruntime.so.1"]
    }

    /// Comma-separated execution providers of this build.
    var providers: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1_024) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            spate_ort_providers(pointer, start, buffer.count)
            return String(cString: start)
        }
    }
}

extension spate_ort_error {
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
