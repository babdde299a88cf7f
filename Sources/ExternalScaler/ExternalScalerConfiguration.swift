/// Where and how KEDA's calls are served.
package struct ExternalScalerConfiguration: Sendable, Hashable {
    /// PEM files.
    package struct TLS: Sendable, Hashable {
        /// The server's certificate, and those between it and the authority.
        package var certificate: String
        /// The key of the first certificate.
        package var key: String
        /// Authority of the callers' certificates. When it is set, a caller without a certificate of it is refused (KEDA's
        /// `tlsClientCert`, `tlsClientKey`). Default none: any caller.
        package var clientAuthority: String?

        package init(certificate: String, key: String, clientAuthority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
        }
    }

    /// Address to listen on, as digits. Default 0.0.0.0: KEDA calls from another pod. `::` serves IPv4 and IPv6.
    package var host: String
    /// Default 8003; 0 takes a free one.
    package var port: Int
    /// Default none: HTTP/2 without encryption, which is KEDA's default, too.
    package var tls: TLS?
    /// How long calls may still run when the server is asked to end. Default 2 s; streams end at once.
    package var shutdownGrace: Duration

    package init(
        host: String = "0.0.0.0", port: Int = 8003, tls: TLS? = nil, shutdownGrace: Duration = .seconds(2)
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.shutdownGrace = shutdownGrace
    }
}

/// Why the server of KEDA's calls does not run.
package struct ExternalScalerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The address is taken, not this machine's, or the TLS files cannot be used.
        case cannotListen
    }
    package var code: Code
    /// What failed, where, and what to do.
    package var message: String

    package var description: String { message }
}
