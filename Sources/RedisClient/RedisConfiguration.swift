import NIOSSL

/// Where Redis is and how to sign in.
package struct RedisConfiguration: Sendable {
    package enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package let address: Address
    package let user: String?
    let password: String?
    package let database: Int
    let tls: NIOSSLContext?
    /// Largest reply; one above it ends the connection. Default 512 MiB, which is what Redis allows a string.
    package var maximumReplyBytes = 512 << 20

    /// The address without credentials, for logs and errors.
    package var label: String {
        switch address {
        case .tcp(let host, let port):
            "\(tls == nil ? "redis" : "rediss")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): "unix://\(path)"
        }
    }

    /// Reads `redis://[user[:password]@]host[:port][/db]`, `rediss://…` (TLS) or
    /// `unix://[user[:password]@]/path[?db=n]`; user and password may be percent-encoded. TLS is 1.2 or newer.
    ///
    /// - Parameters: paths of PEM files; not for `redis`. Without an authority the system's are trusted.
    /// - Throws: `invalidURL`, never with the password in the text.
    package init(
        url: String, certificateAuthority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil
    ) throws(RedisError) {
        let parts = try RedisURL(url)
        user = parts.user
        password = parts.password
        database = parts.database
        address = parts.address
        guard parts.isTLS else {
            if case .tcp = parts.address, certificateAuthority ?? clientCertificate ?? clientKey != nil {
                throw RedisError(
                    .invalidURL,
                    "the Redis URL is redis://, which is not encrypted, and TLS files are given; use rediss:// or leave them out"
                )
            }
            tls = nil
            return
        }
        tls = try Self.makeTLS(
            certificateAuthority: certificateAuthority, clientCertificate: clientCertificate, clientKey: clientKey)
    }

    private static func makeTLS(
        certificateAuthority: String?, clientCertificate: String?, clientKey: String?
    ) throws(RedisError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if let certificateAuthority { configuration.trustRoots = .file(certificateAuthority) }
            if let clientCertificate {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(clientCertificate)
                    .map { .certificate($0) }
            }
            if let clientKey {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: clientKey, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisError(
                .invalidURL,
                "the TLS files for Redis cannot be used (authority \(certificateAuthority ?? "system"), certificate \(clientCertificate ?? "none"), key \(clientKey ?? "none")): \(error)"
            )
        }
    }
}

/// Never the password.
extension RedisConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String { label }

    package var customMirror: Mirror { Mirror(self, children: ["label": label]) }
}
