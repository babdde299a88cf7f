import Jobs
import Logging
import NIOCore
import NIOPosix
import Observability
import RedisClient
import RedisQueue
import Settings

/// What every role needs of Redis: checked connections, the common clock, options that all processes agree on.
struct QueueConnections: Sendable {
    let connections: RedisConnections
    let clock: ServerClock
    let options: QueueOptions
    let group: any EventLoopGroup

    /// Connects, checks the server and measures its clock.
    ///
    /// - Parameters:
    ///   - url: of the private server, when there is one; else the settings'.
    ///   - access: whether the rights of a role are needed.
    /// - Throws: `QueueError` with what to do.
    static func open(
        _ settings: ClusterSettings, url: String? = nil, access: RedisQueueStartCheck.Access = .ofRole, logger: Logger
    ) async throws -> QueueConnections {
        guard let address = url ?? settings.redis.url else {
            throw QueueError(
                .misconfigured,
                "the cluster file has no redis.url, and only `spate up` starts a private Redis; set redis.url, --redis or SPATE_REDIS_URL"
            )
        }
        let configuration = try RedisConfiguration(
            url: address, certificateAuthority: settings.redis.certificateAuthority,
            clientCertificate: settings.redis.clientCertificate, clientKey: settings.redis.clientKey)
        let group = MultiThreadedEventLoopGroup.singleton
        let connections = RedisConnections(
            configuration: configuration, group: group, logger: logger, cluster: settings.cluster.name)
        let findings = try await RedisQueueStartCheck(connections).run(access: access)
        for note in findings.notes { logger.notice("About Redis", metadata: [LogKeys.reason: "\(note)"]) }
        var options = QueueOptions()
        options.retention = settings.gateway.retention
        for model in settings.models {
            if let queue = model.queue { options.maximumCrashesByQueue[queue] = model.maximumCrashes }
        }
        return QueueConnections(
            connections: connections, clock: ServerClock(connections), options: options, group: group)
    }
}

extension RedisSettings {
    /// The address of a server that is not private.
    var url: String? {
        switch server {
        case .private: nil
        case .url(let url): url
        }
    }
}
