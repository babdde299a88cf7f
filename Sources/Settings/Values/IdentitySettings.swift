package import Jobs

/// Which cluster this is, for a Redis that several use.
package struct IdentitySettings: Sendable, Equatable {
    /// Begins every key in Redis. Default `spate`.
    package var name: ClusterName
    /// Counts the changes of what the cluster serves: processes of one revision must have the same models. Default 1.
    package var revision: Int

    package init(name: ClusterName = .standard, revision: Int = 1) {
        self.name = name
        self.revision = revision
    }
}
