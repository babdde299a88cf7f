package import Jobs

/// What the command line and the environment put in the place of the cluster file's values.
package struct SettingsOverrides: Sendable, Equatable {
    /// `SPATE_CLUSTER`.
    package var cluster: ClusterName?
    /// `redis://`, `rediss://` or `unix://`; takes the place of a private server too. `SPATE_REDIS_URL`.
    package var redisURL: String?
    /// `SPATE_HOST`.
    package var host: String?
    /// `SPATE_ADMIN_HOST`.
    package var adminHost: String?
    /// `SPATE_PORT`.
    package var port: Int?
    /// `SPATE_ADMIN_PORT`.
    package var adminPort: Int?
    /// Relative to the working directory. `SPATE_REPOSITORY`.
    package var repository: String?

    package init(
        cluster: ClusterName? = nil, redisURL: String? = nil, host: String? = nil, adminHost: String? = nil,
        port: Int? = nil, adminPort: Int? = nil, repository: String? = nil
    ) {
        self.cluster = cluster
        self.redisURL = redisURL
        self.host = host
        self.adminHost = adminHost
        self.port = port
        self.adminPort = adminPort
        self.repository = repository
    }

    /// The overrides in `environment`, without white space at their ends. Empty values count as absent.
    ///
    /// - Throws: a port that is no number from 0 to 65535, a name of a cluster that is none.
    package init(environment: [String: String]) throws(SettingsError) {
        // Secrets that were made with `echo` end in a newline.
        func text(_ name: String) -> String? {
            let text = environment[name].map { SettingsText.trimmed($0) }
            return text.flatMap { $0.isEmpty ? nil : $0 }
        }
        let findings = SettingsFindings()
        func port(_ name: String) -> Int? {
            guard let text = text(name) else { return nil }
            if let value = SettingsNumber.integer(text), Self.ports.contains(value) { return value }
            findings.report("expected a port from 0 to 65535, found '\(text)'", at: SettingsPosition(file: name))
            return nil
        }
        let cluster = text("SPATE_CLUSTER").flatMap { text in
            let name = ClusterName(text)
            if name == nil {
                findings.report(
                    ClusterName.problem(with: text, in: "the variable"), at: SettingsPosition(file: "SPATE_CLUSTER"))
            }
            return name
        }
        self.init(
            cluster: cluster, redisURL: text("SPATE_REDIS_URL"), host: text("SPATE_HOST"),
            adminHost: text("SPATE_ADMIN_HOST"), port: port("SPATE_PORT"), adminPort: port("SPATE_ADMIN_PORT"),
            repository: text("SPATE_REPOSITORY"))
        if let error = findings.error { throw error }
    }

    /// These overrides, and `others` where these are silent: the command line's over the environment's.
    package func over(_ others: SettingsOverrides) -> SettingsOverrides {
        SettingsOverrides(
            cluster: cluster ?? others.cluster, redisURL: redisURL ?? others.redisURL, host: host ?? others.host,
            adminHost: adminHost ?? others.adminHost, port: port ?? others.port,
            adminPort: adminPort ?? others.adminPort, repository: repository ?? others.repository)
    }

    package static let ports = 0...65_535
}

/// White space that no value means.
enum SettingsText {
    static func trimmed(_ text: String) -> String {
        let body = text.drop { $0.isWhitespace }
        return String(body.reversed().drop { $0.isWhitespace }.reversed())
    }
}
