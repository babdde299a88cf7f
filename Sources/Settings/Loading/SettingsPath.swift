import Glibc

/// Paths as the settings files write them: relative to the file that names them.
enum SettingsPath {
    /// `path` as an absolute path without `.` and `..`; a relative one starts from `directory`. Symbolic links are
    /// not followed.
    static func resolve(_ path: String, from directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The absolute path of the directory that holds `file`.
    static func directory(of file: String) -> String {
        resolve("\(file)/..", from: workingDirectory)
    }

    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// `path` relative to the working directory where it lies below it, for messages.
    static func shown(_ path: String) -> String {
        let prefix = workingDirectory + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    enum Kind { case file, directory }

    /// What is at `path`; `nil` if there is nothing, or neither a file nor a directory.
    static func kind(of path: String) -> Kind? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        default: return nil
        }
    }

    /// The names in a directory, sorted, without those that start with a dot; `nil` if it cannot be read.
    static func names(in directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
