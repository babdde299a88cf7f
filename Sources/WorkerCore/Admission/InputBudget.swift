/// How many more jobs the bytes of the inputs allow that a worker holds, over all of its models.
///
/// | held | allowed |
/// |---|---|
/// | less than the limit | as many jobs as fit by the size of late (16 MiB while unknown), one at least |
/// | the limit or more | none; one for a model that holds nothing, so that none stands still |
package struct InputBudget: Sendable {
    private static let assumedSize = Double(16 << 20)

    package var limit: Int

    package init(limit: Int) { self.limit = limit }

    /// Returns how many of the `appetite` jobs of one model may be taken.
    ///
    /// - Parameters:
    ///   - bytes: held by all models.
    ///   - jobs: held by this model.
    ///   - bytesPerJob: of its inputs lately; `nil`: unknown.
    package func allowed(_ appetite: Int, bytes: Int, jobs: Int, bytesPerJob: Double?) -> Int {
        let room = limit - bytes
        guard room > 0 else { return jobs == 0 ? min(1, appetite) : 0 }
        let size = bytesPerJob ?? Self.assumedSize
        return size * Double(appetite) > Double(room) ? max(1, Int(Double(room) / size)) : appetite
    }

    /// Whether there is room after bytes left, where there was none.
    package func hasRoom(after bytes: Int, before: Int) -> Bool { before >= limit && bytes < limit }
}
