import Clusters
import Foundation
import Settings

extension KubernetesClient {
    /// For the driver and the Lease; `nil` where neither is used.
    static func make(_ settings: ClusterSettings) throws -> KubernetesClient? {
        guard settings.kubernetes.isUsed else { return nil }
        return try KubernetesClient(try KubernetesAccess(settings.kubernetes))
    }
}

extension KubernetesAccess {
    /// The server that the settings name, with its token and authority where those files are; else the cluster that
    /// this process is a pod of.
    fileprivate init(_ settings: KubernetesSettings) throws {
        let files = FileManager.default
        func present(_ path: String) -> String? { files.fileExists(atPath: path) ? path : nil }
        guard let server = settings.server else {
            var access = try KubernetesAccess.inCluster()
            access.namespace = settings.namespace ?? access.namespace
            access.tokenFile = settings.tokenFile
            access.certificateAuthority = settings.certificateAuthority
            self = access
            return
        }
        self.init(
            server: server, namespace: settings.namespace ?? "default", tokenFile: present(settings.tokenFile),
            certificateAuthority: present(settings.certificateAuthority))
    }
}
