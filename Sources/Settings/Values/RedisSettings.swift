/// Which Redis holds the queue.
package struct RedisSettings: Sendable, Equatable {
    package enum Server: Sendable, Equatable {
        /// `spate up` starts a redis-server of its own in `directory`.
        case `private`(directory: String)
        /// `redis://`, `rediss://` or `unix://`, user and password included.
        case url(String)
    }

    /// Default: a private server in `.spate/redis` beside the cluster file's directory.
    package var server: Server
    /// PEM file with the certificate authorities to trust for `rediss://`; `nil`: the system's.
    package var certificateAuthority: String?
    /// PEM files for client authentication; both or neither.
    package var clientCertificate: String?
    package var clientKey: String?
    /// Memory limit of a private server, bytes; at the limit it refuses new jobs and keeps the old. Default 1 GiB.
    package var maximumMemory: Int
    /// When a private server writes to disk. Default `everysec`.
    package var durability: Durability

    package enum Durability: String, Sendable, CaseIterable {
        /// Up to about a second of accepted jobs can be lost if the machine dies, none if a process does.
        case everysec
        /// None is lost; each submit waits for the disk.
        case always
    }

    package init(
        server: Server = .private(directory: ".spate/redis"),
        certificateAuthority: String? = nil,
        clientCertificate: String? = nil,
        clientKey: String? = nil,
        maximumMemory: Int = 1 << 30,
        durability: Durability = .everysec
    ) {
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.maximumMemory = maximumMemory
        self.durability = durability
    }
}

extension RedisSettings.Server: CustomStringConvertible, CustomReflectable {
    /// Without the user information of the URL.
    package var description: String {
        switch self {
        case .private(let directory): "private server in \(directory)"
        case .url(let url): Secrets.masked(url)
        }
    }

    /// Keeps `dump` and the default description of values that contain this one from showing the password.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
