/// Cuts a stream of bytes into lines, as both the engine's events and the watches of Kubernetes come.
///
/// A line that grows beyond `limit` is dropped up to its end and counted: what it said is found again by the list that
/// follows every stream.
package struct LineSplitter: Sendable {
    /// Lines that were too long.
    package private(set) var dropped = 0
    private let limit: Int
    private var rest: [UInt8] = []
    private var isDropping = false

    /// - Parameter limit: bytes of the longest line. Default 4 MiB; an object of Kubernetes is at most 1.5 MiB.
    package init(limit: Int = 4 << 20) { self.limit = limit }

    /// The lines that end within `bytes`, without their ends; empty lines are left out.
    package mutating func add(_ bytes: some Collection<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var bytes = bytes[...]
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            append(bytes[..<end])
            bytes = bytes[bytes.index(after: end)...]
            if isDropping {
                dropped += 1
                isDropping = false
            } else if !rest.isEmpty {
                lines.append(rest)
            }
            rest = []
        }
        append(bytes)
        return lines
    }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        guard !isDropping else { return }
        if rest.count + bytes.count > limit {
            isDropping = true
            rest = []
        } else {
            rest += bytes
        }
    }
}
