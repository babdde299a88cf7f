import Foundation
import Jobs
import NIOCore
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite struct FailoverTests {
    /// Makes the address lead to the server.
    private static func point(_ address: String, to server: PrivateRedisServer) throws {
        let fresh = address + ".new"
        try FileManager.default.createSymbolicLink(atPath: fresh, withDestinationPath: server.socket)
        guard rename(fresh, address) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    @Test(
        "after a failover behind a stable address no connection stays on the old primary, whether it writes or not",
        .timeLimit(.minutes(1)))
    func everyConnectionMoves() async throws {
        try await withPrivateRedis { old in
            try await withPrivateRedis { new in
                let address = old.directory + "/primary.sock"
                try Self.point(address, to: old)
                try await RedisQueueHarness.run(url: "unix://\(address)") { harness in
                    let (wakes, wake) = AsyncStream<QueueName>.makeStream()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { await harness.observer.watchSubmissions { wake.yield($0) } }
                        try await Self.wait(until: "spate-wake", isAt: harness.redis)
                        try await withClient(url: old.url) { direct in
                            _ = try await direct.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
                            try Self.point(address, to: new)
                            // What looks each second meets the refusal and tells the others.
                            try await eventually("a farewell of all") {
                                try await !Self.names(direct).contains { $0.hasPrefix("spate-") }
                            }
                        }
                        try await withClient(url: new.url) { direct in
                            for role in ["spate-submit", "spate-clock", "spate-observe", "spate-wake"] {
                                try await Self.wait(until: role, isAt: direct)
                            }
                        }
                        // The first call after it is accepted, and wakes.
                        let id = try await harness.underTest.submit(harness.underTest.makeJob())
                        for await queue in wakes {
                            #expect(queue == id.queue)
                            break
                        }
                        group.cancelAll()
                    }
                }
            }
        }
    }

    private static func names(_ client: RedisClient) async throws -> [String] {
        let list = try await client.send(RedisCommand("CLIENT", "LIST")).string ?? ""
        return list.split(separator: " ").filter { $0.hasPrefix("name=") }.map { String($0.dropFirst(5)) }
    }

    /// Asks Redis, which is what knows.
    private static func wait(until name: String, isAt client: RedisClient) async throws {
        try await eventually(name) { try await names(client).contains(name) }
        guard name == "spate-wake" else { return }
        try await eventually("a subscriber") {
            try await client.send(RedisCommand("PUBSUB", "NUMSUB", "spate:wake")).array?.last?.integer == 1
        }
    }

}

/// Runs a client for the length of `body`.
private func withClient<Result>(url: String, _ body: (RedisClient) async throws -> Result) async throws -> Result {
    let connections = try RecordedLog().connections(url)
    let client = RedisClient(
        configuration: connections.configuration, eventLoop: connections.group.next(), name: "direct",
        logger: connections.logger)
    let keeper = Task { await client.run() }
    defer { keeper.cancel() }
    return try await body(client)
}
