import FoundationEssentials
import Glibc

/// Where ONNX Runtime's library is looked for.
///
/// In order: the configured path, else the one in `$SPATE_ONNXRUNTIME_LIBRARY`; else files `libonnxruntime.so*` beside
/// the executable; in `.spate/onnxruntime` of the checkout that the executable was built in, of the cluster file's folder
/// and of the folder above it; in /usr/local/lib and /usr/lib; at last wherever the dynamic linker looks.
///
/// Never in the current directory or above it. A file that is found and not named must belong to root, to this user or to
/// the owner of the executable, as its folder must, and neither may be writable by everybody: a library is code that runs
/// as this user.
///
/// - Source: CWE-427; for the rule of the owner, git's `safe.directory` (CVE-2022-24765).
struct ONNXRuntimeSearch: Sendable {
    var configured: String?
    var environment: String?
    var executable: String?
    /// Of the cluster file.
    var clusterFolder: String?
    /// Who may own a library.
    var trusted: Set<UInt32> = [0]

    /// The search of this process.
    static func ofProcess(configured: String?, clusterFolder: String?) -> ONNXRuntimeSearch {
        // Without /proc the places after this one are still searched.
        let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return ONNXRuntimeSearch(
            configured: configured, environment: getenv("SPATE_ONNXRUNTIME_LIBRARY").map { String(cString: $0) },
            executable: executable, clusterFolder: clusterFolder,
            trusted: Set([0, geteuid()] + [executable.flatMap { Self.status(of: $0)?.st_uid }].compactMap(\.self)))
    }

    /// The folders and the path that are searched, for the error that nothing was found.
    var places: [String] { given.map { [$0] } ?? folders + ["the dynamic linker's own places"] }

    /// Paths to open, best first.
    var candidates: [String] {
        if let given { return [given] }
        return found.compactMap { $0.refusal == nil ? $0.path : nil } + [Self.linked]
    }

    /// Files that were found and are not opened, with the reason.
    var refused: [String] { given == nil ? found.compactMap(\.refusal) : [] }

    static let linked = "libonnxruntime.so.1"

    /// A path that somebody named is the only one tried: falling back would hide the mistake.
    private var given: String? { configured ?? environment }

    private var found: [(path: String, refusal: String?)] {
        folders.flatMap { folder in
            // A folder that is not there has no library; the search goes on.
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
                .filter { $0 == "libonnxruntime.so" || $0.hasPrefix("libonnxruntime.so.") }
                .sorted().map { ("\(folder)/\($0)", refusal(of: "\(folder)/\($0)", in: folder)) }
        }
    }

    private func refusal(of path: String, in folder: String) -> String? {
        for place in [folder, path] {
            guard let status = Self.status(of: place) else { return "\(place) cannot be looked at" }
            guard trusted.contains(status.st_uid) else {
                return "\(path) is not opened: \(place) belongs to another user (\(status.st_uid))"
            }
            guard status.st_mode & S_IWOTH == 0 else {
                return "\(path) is not opened: everybody may write to \(place)"
            }
        }
        return nil
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private var folders: [String] {
        var folders: [String] = []
        if let executable {
            folders.append(parent(of: executable))
            // `swift build` puts it below <checkout>/.build; whoever may write there may write the executable.
            if let build = executable.firstRange(of: "/.build/") {
                folders.append(executable[..<build.lowerBound] + "/.spate/onnxruntime")
            }
        }
        if let clusterFolder {
            let above = parent(of: clusterFolder)
            for folder in [clusterFolder, above] {
                folders.append((folder == "/" ? "" : folder) + "/.spate/onnxruntime")
            }
        }
        var unique: [String] = []
        for folder in folders + ["/usr/local/lib", "/usr/lib/\(Self.architecture)-linux-gnu", "/usr/lib"]
        where !unique.contains(folder) { unique.append(folder) }
        return unique
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
