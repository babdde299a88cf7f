/// The name of a cluster: what keeps two of them apart that share one Redis, or one machine.
///
/// It begins every key and channel of the cluster and is part of the mark of its workers, so it is validated once, here:
/// 1 to 64 characters of `A-Z a-z 0-9 _ -`.
package struct ClusterName: Hashable, Sendable, CustomStringConvertible {
    /// Of a cluster whose file names none.
    package static let standard = ClusterName(validated: "spate")

    package let description: String

    /// `nil` if a character or the length is not allowed.
    package init?(_ text: some StringProtocol) {
        // As the version of a model: no dot, so that no key of one cluster can be read as another's.
        guard text.utf8.count <= 64, QueueName(model: "m", version: String(text)) != nil else { return nil }
        self.init(validated: String(text))
    }

    private init(validated text: String) { description = text }

    /// What every key begins with: `spate`, or `spate.<name>` where the file names the cluster.
    package var keyPrefix: String { self == .standard ? "spate" : "spate.\(description)" }
}
