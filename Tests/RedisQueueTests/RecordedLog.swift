import Logging
import NIOPosix
import RedisClient
import RedisQueue
import Synchronization

/// What was logged, as text.
final class RecordedLog: Sendable {
    private let entries = Mutex<[(level: Logger.Level, text: String)]>([])

    func lines(_ level: Logger.Level) -> [String] {
        entries.withLock { $0.filter { $0.level == level }.map(\.text) }
    }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    func connections(_ url: String) throws -> RedisConnections {
        RedisConnections(
            configuration: try RedisConfiguration(url: url), group: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let reason = event.metadata?["reason"].map { " \($0)" } ?? ""
            log.entries.withLock { $0.append((event.level, "\(event.message)\(reason)")) }
        }
    }
}
