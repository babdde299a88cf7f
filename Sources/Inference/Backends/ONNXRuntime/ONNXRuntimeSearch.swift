import FoundationEssentials
import Glibc

/// Where ONNX Runtime's library is looked for.
///
/// In order: the configured path, else the one in `$SPATE_ONNXRUNTIME_LIBRARY`; else files `libonnxruntime.so*` beside
/// the executable, in `.spate/onnxruntime` of the current directory and of its parents, in /usr/local/lib and
/// /usr/lib; at last wherever the dynamic linker looks.
struct ONNXRuntimeSearch: Sendable {
    var configured: String?
    var environment: String?
    var executable: String?
    var directory: String

    /// The search of this process.
    static func ofProcess(configured: String?) -> ONNXRuntimeSearch {
        ONNXRuntimeSearch(
            configured: configured, environment: getenv("SPATE_ONNXRUNTIME_LIBRARY").map { String(cString: $0) },
            // Without /proc the places after this one are still searched.
            executable: try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            directory: FileManager.default.currentDirectoryPath)
    }

    /// The folders and the path that are searched, for the error that nothing was found.
    var places: [String] { given.map { [$0] } ?? folders + ["the dynamic linker's own places"] }

    /// Paths to open, best first.
    var candidates: [String] {
        if let given { return [given] }
        let files = folders.flatMap { folder in
            // A folder that is not there has no library; the search goes on.
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
                .filter { $0 == "libonnxruntime.so" || $0.hasPrefix("libonnxruntime.so.") }
                .sorted().map { "\(folder)/\($0)" }
        }
        return files + ["libonnxruntime.so.1"]
    }

    /// A path that somebody named is the only one tried: falling back would hide the mistake.
    private var given: String? { configured ?? environment }

    private var folders: [String] {
        var folders: [String] = []
        if let executable { folders.append(parent(of: executable)) }
        var folder = directory
        while true {
            folders.append((folder == "/" ? "" : folder) + "/.spate/onnxruntime")
            if folder == "/" || folder.isEmpty { break }
            folder = parent(of: folder)
        }
        return folders + ["/usr/local/lib", "/usr/lib/\(Self.architecture)-linux-gnu", "/usr/lib"]
    }

    private func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    #if arch(arm64)
        private static let architecture = "aarch64"
    #else
        private static let architecture = "x86_64"
    #endif
}
