/// What became of a manifest of another autoscaler.
package struct ImportedPolicy: Sendable, Equatable {
    /// How much a difference matters.
    package enum Severity: String, Sendable, CaseIterable {
        /// Means nothing here, or is met in another way.
        case note
        /// Had an effect there that it does not have here.
        case warning
    }

    /// One thing of the manifest that is different here, or has no equivalent.
    package struct Note: Sendable, Equatable, CustomStringConvertible {
        package var severity: Severity
        /// In the manifest, from 1.
        package var line: Int
        /// The path of the key, as in `spec.triggers[0].metadata.stream`.
        package var what: String
        package var why: String

        package var description: String { "line \(line): \(severity.rawValue): \(what): \(why)" }
    }

    /// Sections `pools` and `scaler` of a cluster file; each line says where its value comes from.
    package var yaml: String
    /// In the order of the manifest.
    package var notes: [Note]
}

/// The manifest cannot be understood, or holds nothing that can be translated.
package struct ImportError: Error, Equatable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    /// From 1.
    package var column: Int
    package var message: String

    package var description: String { "\(line):\(column): \(message)" }
}

/// How a manifest is translated.
package struct ImportOptions: Sendable, Equatable {
    /// Name of the pool that takes the manifest's limits, 1 to 128 characters of `A-Z a-z 0-9 _ -`. Default `cpu`.
    package var pool: String
    /// Default: the same algorithm by name.
    package var target: Target

    package enum Target: Sendable, Equatable {
        /// `keda-lag` or `hpa`, with the manifest's parameters.
        case sameAlgorithm
        /// `spate`, with what comes nearest. `jobTime`: how long one job takes, from which a number of jobs a worker
        /// becomes a wait; without it `target_wait` keeps its default.
        case native(jobTime: Duration?)
    }

    package init(pool: String = "cpu", target: Target = .sameAlgorithm) {
        self.pool = pool
        self.target = target
    }
}
