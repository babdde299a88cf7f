package import Logging
package import NIOCore
package import RedisClient

/// Makes the connections of one process to the queue's Redis.
package struct RedisConnections: Sendable {
    package let configuration: RedisConfiguration
    package let group: any EventLoopGroup
    package let logger: Logger

    package init(configuration: RedisConfiguration, group: any EventLoopGroup, logger: Logger) {
        self.configuration = configuration
        self.group = group
        self.logger = logger
    }

    /// A client of its own, on any of the event loops. Whoever makes it runs it.
    /// - Parameter role: what the connection is for; `CLIENT LIST` shows it after `spate-`.
    func makeClient(_ role: String) -> RedisClient {
        RedisClient(configuration: configuration, eventLoop: group.next(), name: "spate-\(role)", logger: logger)
    }

    func makeSubscriber(_ role: String) -> RedisSubscriber {
        RedisSubscriber(configuration: configuration, eventLoop: group.next(), name: "spate-\(role)", logger: logger)
    }
}
