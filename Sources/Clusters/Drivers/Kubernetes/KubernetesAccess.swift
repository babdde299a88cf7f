import Glibc

/// Where the API server is, and who we are there.
package struct KubernetesAccess: Sendable, Equatable {
    /// Scheme, host and port, without a slash at the end.
    package var server: String
    package var namespace: String
    /// File with the bearer token; `nil`: no token (a proxy on this machine adds its own).
    package var tokenFile: String?
    /// PEM file of the authority to trust; `nil`: those of the system.
    package var certificateAuthority: String?

    package init(
        server: String, namespace: String = "default", tokenFile: String? = nil, certificateAuthority: String? = nil
    ) {
        self.server = server
        self.namespace = namespace
        self.tokenFile = tokenFile
        self.certificateAuthority = certificateAuthority
    }

    /// Where Kubernetes shows a pod its service account.
    package static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The cluster that this process is a pod of.
    ///
    /// - Parameter folder: of the service account; another one only in tests.
    /// - Throws: when this is no pod, with what is missing.
    /// - Source: client-go `rest/config.go`, `InClusterConfig`.
    package static func inCluster(
        environment: [String: String] = ProcessDriver.ownEnvironment(), folder: String = serviceAccount
    ) throws(KubernetesError) -> KubernetesAccess {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else {
            throw KubernetesError(
                .unreachable,
                "this process is not in a pod (KUBERNETES_SERVICE_HOST is not set): name the API server in the cluster file"
            )
        }
        // An IPv6 address stands in brackets before a port.
        let name = host.contains(":") ? "[\(host)]" : host
        let namespace = TokenFile.text(of: folder + "/namespace") ?? "default"
        return KubernetesAccess(
            server: "https://\(name):\(port)", namespace: namespace, tokenFile: folder + "/token",
            certificateAuthority: folder + "/ca.crt")
    }
}

/// Why the API server did not do what it was asked.
package struct KubernetesError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// No answer.
        case unreachable
        /// 401: the token is refused, also after it was read again.
        case unauthorized
        /// 403: the service account may not do this.
        case forbidden
        /// 404.
        case notFound
        /// 409: somebody else changed the object since it was read.
        case conflict
        /// 410: too old a version of a list.
        case gone
        /// Nothing was asked: whoever gave the order may not act any more.
        case deposed
        /// Any other status.
        case refused(Int)
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    init(status: Int, _ message: String) {
        let code: Code =
            switch status {
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 409: .conflict
            case 410: .gone
            default: .refused(status)
            }
        self.init(code, message)
    }
}
