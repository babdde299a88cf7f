import Glibc

/// Tells whether files changed, by their names, sizes and times of change, without reading them.
package struct FileStamp: Sendable, Equatable {
    /// FNV-1a: no secret, only a difference.
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    /// The same for the same files; another, as good as always, for others.
    package var text: String { String(hash, radix: 16) }

    package mutating func add(file path: String) {
        add(path)
        var status = stat()
        guard stat(path, &status) == 0 else { return add("-") }
        add("\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_mode)")
    }

    /// Everything below the folder, eight levels deep.
    package mutating func add(folder path: String, depth: Int = 0) {
        add(path)
        guard depth < 8, let names = SettingsPath.names(in: path) else { return add("-") }
        for name in names {
            switch SettingsPath.kind(of: "\(path)/\(name)") {
            case .file, nil: add(file: "\(path)/\(name)")
            case .directory: add(folder: "\(path)/\(name)", depth: depth + 1)
            }
        }
    }

    private mutating func add(_ text: String) {
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
}
