package import Jobs

/// One process of a cluster, and what it serves.
package struct ClusterMember: Sendable, Equatable {
    package enum Scope: String, Sendable {
        /// It knows every model of the cluster.
        case whole
        /// A worker: the models of its pool.
        case part
    }

    package enum Company: String, Sendable {
        case shared
        /// Nobody else can reach this Redis (that of `spate up`): what stands there is of an earlier life.
        case sole
    }

    /// Unique per boot.
    package var id: String
    package var revision: Int
    package var scope: Scope
    package var company: Company
    /// SHA-256 of each model's files in hexadecimal; empty where there are none.
    package var models: [QueueName: String]

    package init(
        id: String, revision: Int = 1, scope: Scope, company: Company = .shared, models: [QueueName: String]
    ) {
        self.id = id
        self.revision = revision
        self.scope = scope
        self.company = company
        self.models = models
    }
}

/// A model of which two processes of one name and revision have something else.
package struct ModelDifference: Sendable, Equatable, CustomStringConvertible {
    /// `<model>.<version>`.
    package var queue: String
    /// Digest at those that serve already; `nil`: they do not have it.
    package var there: String?
    /// Digest at the one that comes; `nil`: it does not have it.
    package var here: String?

    package var description: String {
        switch (there, here) {
        case (let there?, let here?):
            "\(queue) has other files here (sha256 \(short(here))) than there (\(short(there)))"
        case (_?, nil): "\(queue) is not served here"
        case (nil, _): "\(queue) is not served there"
        }
    }

    private func short(_ digest: String) -> String { digest.isEmpty ? "none" : String(digest.prefix(12)) }
}
