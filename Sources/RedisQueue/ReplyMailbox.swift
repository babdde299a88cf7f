import Jobs
import Logging
import RedisClient
import Wire

/// Fetches the outcomes addressed to one gateway, on a connection of its own.
struct ReplyMailbox: Sendable {
    private static let batch = 256
    private static let wait: Duration = .seconds(5)

    private let client: RedisClient
    private let command: RedisCommand
    private let logger: Logger

    init(_ connections: RedisConnections, gateway: String) {
        client = connections.makeClient("replies")
        logger = connections.logger
        command = RedisCommand(
            "BLMPOP", String(Self.wait.components.seconds), "1", Keys.reply(gateway), "LEFT", "COUNT",
            String(Self.batch))
    }

    /// Delivers in order until the task is cancelled.
    func run(_ deliver: @escaping @Sendable (Outcome) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.client.run() }
            group.addTask { await self.fetch(deliver) }
            await group.waitForAll()
        }
    }

    private func fetch(_ deliver: @escaping @Sendable (Outcome) -> Void) async {
        while !Task.isCancelled {
            do throws(RedisError) {
                // {key, outcomes}, or null when none came in time.
                let reply = try await client.send(command, timeout: Self.wait + .seconds(3))
                for frame in reply.array?.last?.array ?? [] { read(frame, deliver) }
            } catch {
                guard !Task.isCancelled else { return }
                logger.debug("cannot fetch outcomes; will try again", metadata: ["reason": "\(error.message)"])
                // Only cancellation ends the sleep early, and the loop's condition sees it.
                try? await Task.sleep(for: .milliseconds(Int.random(in: 50...150)))
            }
        }
    }

    private func read(_ frame: RedisValue, _ deliver: @Sendable (Outcome) -> Void) {
        guard let bytes = frame.bytes else { return }
        do throws(WireError) {
            deliver(try OutcomeWire.decode(bytes))
        } catch {
            // The outcome is stored all the same; its caller finds it by the job's id.
            logger.error("dropped an outcome that cannot be read", metadata: ["reason": "\(error)"])
        }
    }
}
