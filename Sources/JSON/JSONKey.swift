/// The name of an object's member, compared where it stands: no `String` is made unless it has escapes.
///
/// Valid only while the text that it was read from is.
@usableFromInline package struct JSONKey {
    @usableFromInline let raw: UnsafeRawBufferPointer
    @usableFromInline let resolved: String?

    @inlinable package init(_ raw: UnsafeRawBufferPointer, resolved: String? = nil) {
        self.raw = raw
        self.resolved = resolved
    }

    @inlinable package var text: String { resolved ?? String(decoding: raw, as: UTF8.self) }

    @inline(__always)
    @inlinable package static func ~= (name: StaticString, key: JSONKey) -> Bool {
        if let resolved = key.resolved { return resolved == name.description }
        return key.raw.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
