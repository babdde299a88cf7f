import Glibc

/// Paths as the settings files write them: relative to the file that names them.
package enum SettingsPath {
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

    /// Why the file at `path` cannot be read, with what to do; `nil`: it can.
    package static func problem(withFile path: String) -> String? {
        var link = stat()
        guard lstat(path, &link) == 0 else { return absence(of: path, errno) }
        var status = stat()
        guard stat(path, &status) == 0 else {
            let problem = errno
            guard link.st_mode & S_IFMT == S_IFLNK, problem == ENOENT else { return absence(of: path, problem) }
            return "\(shown(path)) is a link to \(target(of: path)), which is not there"
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: return "\(shown(path)) is a folder, not a file"
        default: return "\(shown(path)) is no regular file"
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return absence(of: path, errno) }
        close(descriptor)
        return status.st_size == 0 ? "\(shown(path)) is empty" : nil
    }

    private static func absence(of path: String, _ error: Int32) -> String {
        switch error {
        case EACCES, EPERM:
            return
                "\(shown(path)) may not be read by this user (\(geteuid())); check the rights of the file and of the folders above it"
        case ENOENT, ENOTDIR:
            let folder = directory(above: path)
            guard kind(of: folder) == .directory else { return missing(folder) }
            let names = names(in: folder) ?? []
            let name = String(path.split(separator: "/").last ?? "")
            let hint = Suggestion.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
            let found = names.isEmpty ? "nothing" : names.prefix(8).joined(separator: ", ")
            return "there is no file \(name) in \(shown(folder)); it holds \(found)\(hint)"
        default: return "\(shown(path)): \(String(cString: strerror(error)))"
        }
    }

    private static func missing(_ folder: String) -> String {
        var first = folder
        while first != "/", kind(of: directory(above: first)) != .directory { first = directory(above: first) }
        let text = "there is no folder \(shown(first))"
        guard first == folder else { return text }
        let names = (names(in: directory(above: folder)) ?? []).prefix(8).joined(separator: ", ")
        return text + "; \(shown(directory(above: folder))) holds \(names.isEmpty ? "nothing" : names)"
    }

    private static func directory(above path: String) -> String { resolve("\(path)/..", from: workingDirectory) }

    private static func target(of link: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink(link, &buffer, buffer.count)
        guard count > 0 else { return "somewhere" }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
