import Glibc

/// Reads how much memory the process has resident.
enum ProcessMemory {
    /// Resident bytes from `/proc/self/statm` (second field, in pages); 0 where the file cannot be read, which
    /// a report shows as unknown.
    static func resident() -> Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { _ = close(descriptor) }
        var text = [UInt8](repeating: 0, count: 128)
        let length = read(descriptor, &text, text.count)
        guard length > 0 else { return 0 }
        let fields = text[..<length].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
