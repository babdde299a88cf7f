import Synchronization

/// The bytes of the inputs that a worker holds, over all of its models, and how many more jobs they allow.
///
/// | held | allowed |
/// |---|---|
/// | less than the limit | as many jobs as fit by the size of late (16 MiB while unknown), one at least |
/// | the limit or more | none; one for a model that holds nothing, so that none stands still |
final class HeldInputs: Sendable {
    private static let assumedSize = Double(16 << 20)

    let limit: Int
    private let bytes = Atomic(0)

    init(limit: Int) { self.limit = limit }

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    /// - Returns: whether this made room where there was none.
    func remove(_ count: Int) -> Bool {
        let (old, new) = bytes.subtract(count, ordering: .relaxed)
        return old >= limit && new < limit
    }

    /// Returns how many of the `appetite` jobs of one model may be taken.
    ///
    /// - Parameters:
    ///   - held: jobs that the model holds.
    ///   - bytesPerJob: of its inputs lately; `nil`: unknown.
    func allowed(_ appetite: Int, held: Int, bytesPerJob: Double?) -> Int {
        let room = limit - bytes.load(ordering: .relaxed)
        guard room > 0 else { return held == 0 ? min(1, appetite) : 0 }
        let size = bytesPerJob ?? Self.assumedSize
        return size * Double(appetite) > Double(room) ? max(1, Int(Double(room) / size)) : appetite
    }
}
