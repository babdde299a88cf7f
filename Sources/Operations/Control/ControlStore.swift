package import Jobs

/// Where operators' settings live.
package protocol ControlStore: Sendable {
    func control() async throws(QueueError) -> ControlState

    /// Writes an entry in place of one of the same kind and subject.
    func set(_ entry: ControlEntry) async throws(QueueError)

    /// - Returns: whether there was one.
    func clear(_ kind: ControlEntry.Kind, _ subject: String) async throws(QueueError) -> Bool

    /// Removes an entry, unless another was written in its place meanwhile.
    /// - Returns: whether it was removed.
    func remove(_ entry: ControlEntry) async throws(QueueError) -> Bool

    /// Whether any scaler leads at this moment.
    func isLed() async throws(QueueError) -> Bool
}
