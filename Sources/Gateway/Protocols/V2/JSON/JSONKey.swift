import Glibc

/// The name of an object's member, compared where it stands: no `String` is made unless it has escapes.
///
/// Valid only while the text that it was read from is.
struct JSONKey {
    private let raw: UnsafeRawBufferPointer
    private let resolved: String?

    init(_ raw: UnsafeRawBufferPointer, resolved: String? = nil) {
        self.raw = raw
        self.resolved = resolved
    }

    var text: String { resolved ?? String(decoding: raw, as: UTF8.self) }

    @inline(__always)
    static func ~= (name: StaticString, key: JSONKey) -> Bool {
        if let resolved = key.resolved { return resolved == name.description }
        guard key.raw.count == name.utf8CodeUnitCount, let start = key.raw.baseAddress else { return false }
        return memcmp(start, name.utf8Start, key.raw.count) == 0
    }
}
