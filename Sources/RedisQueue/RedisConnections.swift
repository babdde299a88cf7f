package import Jobs
package import Logging
package import NIOCore
package import RedisClient

/// Makes the connections of one process to the queue's Redis.
package struct RedisConnections: Sendable {
    package let configuration: RedisConfiguration
    package let group: any EventLoopGroup
    package let logger: Logger
    /// Whose keys this process uses.
    package let cluster: ClusterName
    package let timing: QueueTiming
    let keys: Keys
    let standing: ClusterStanding
    private let failover = RedisFailover()

    package init(
        configuration: RedisConfiguration, group: any EventLoopGroup, logger: Logger, cluster: ClusterName = .standard,
        timing: QueueTiming = QueueTiming()
    ) {
        self.timing = timing
        standing = ClusterStanding(timing)
        self.configuration = configuration
        self.group = group
        self.logger = logger
        self.cluster = cluster
        keys = Keys(cluster, database: configuration.database)
    }

    /// A client of its own, on any of the event loops. Whoever makes it runs it.
    /// - Parameter role: what the connection is for; `CLIENT LIST` shows it after `spate-`.
    /// - Parameter onConnected: called whenever there is a connection again; must not block.
    func makeClient(_ role: String, onConnected: @escaping @Sendable () -> Void = {}) -> RedisClient {
        RedisClient(
            configuration: configuration, eventLoop: group.next(), name: "spate-\(role)", logger: logger,
            failover: failover, clock: timing.clock, onConnected: onConnected)
    }

    func makeSubscriber(_ role: String) -> RedisSubscriber {
        RedisSubscriber(
            configuration: configuration, eventLoop: group.next(), name: "spate-\(role)", logger: logger,
            failover: failover, clock: timing.clock)
    }
}
