import Glibc

/// The log files of workers in one directory: those of running workers, and of the newest that have ended.
///
/// A pool that comes from zero for every job would else leave thousands of files a day.
enum WorkerLogs {
    /// Files that stay besides those of running workers. Default 100.
    static let kept = 100
    private static let suffix = ".log"

    static func path(of worker: String, in directory: String) -> String { "\(directory)/\(worker)\(suffix)" }

    /// Removes the oldest log files of workers of these pools that do not run any more, beyond `kept`. Others' files stay.
    ///
    /// Blocks for reading a directory. What cannot be removed stays: the next start tries again.
    static func trim(_ directory: String, pools: Set<String>, running: Set<String>, kept: Int = Self.kept) {
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        var files: [(path: String, changed: Int)] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasSuffix(suffix) else { continue }
            let worker = String(name.dropLast(suffix.count))
            guard isWorker(worker, of: pools), !running.contains(worker) else { continue }
            var about = stat()
            let path = "\(directory)/\(name)"
            guard lstat(path, &about) == 0, about.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((path, about.st_mtim.tv_sec))
        }
        guard files.count > kept else { return }
        for file in files.sorted(by: { ($0.changed, $0.path) < ($1.changed, $1.path) }).dropLast(kept) {
            unlink(file.path)
        }
    }

    /// `<pool>-<16 hexadecimal digits>`, as `ProcessDriver` names them.
    private static func isWorker(_ name: String, of pools: Set<String>) -> Bool {
        guard let dash = name.lastIndex(of: "-") else { return false }
        let digits = name[name.index(after: dash)...]
        return digits.count == 16 && digits.allSatisfy(\.isHexDigit) && pools.contains(String(name[..<dash]))
    }
}
