import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport

/// Answers that a test waits for are late after this; it is a bound, not a measure.
let patience: Duration = .seconds(20)

func makeClient(
    _ configuration: RedisConfiguration, name: String = "test", failover: RedisFailover = RedisFailover()
) -> RedisClient {
    RedisClient(
        configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next(), name: name,
        logger: makeQuietLogger(), failover: failover)
}

func makeQuietLogger() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

/// Runs a client for the length of `body`.
func withClient<Result>(
    _ configuration: RedisConfiguration, name: String = "test", _ body: (RedisClient) async throws -> Result
) async throws -> Result {
    let client = makeClient(configuration, name: name)
    // Ended below on every path.
    let keeper = Task { await client.run() }
    defer { keeper.cancel() }
    let result = try await body(client)
    keeper.cancel()
    await keeper.value
    return result
}

func withClient<Result>(
    url: String, name: String = "test", _ body: (RedisClient) async throws -> Result
) async throws -> Result {
    try await withClient(RedisConfiguration(url: url), name: name, body)
}

extension RedisClient {
    /// `send` with a time-out that a busy machine does not reach.
    func call(_ name: String, _ arguments: String...) async throws -> RedisValue {
        try await send(arguments.reduce(RedisCommand(name)) { $0.appending($1) }, timeout: patience)
    }
}

/// The names of all connections of the server.
func connectionNames(_ client: RedisClient) async throws -> [String] {
    let list = try await client.call("CLIENT", "LIST").string ?? ""
    return list.split(separator: " ").filter { $0.hasPrefix("name=") }.map { String($0.dropFirst(5)) }
}
