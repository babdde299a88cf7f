import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite struct RedisClientTests {
    @Test("many tasks at once each get the reply to their own command")
    func matchesRepliesUnderLoad() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<64 {
                        group.addTask {
                            for round in 0..<100 {
                                let text = "\(task)-\(round)"
                                let reply = try await client.call("ECHO", text)
                                #expect(reply.string == text)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("commands of one call run in order and return all replies, errors as values")
    func sendsSeveralCommands() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                let replies = try await client.send(
                    [
                        RedisCommand("SET", "k", "1"), RedisCommand("LPUSH", "k", "x"), RedisCommand("INCR", "k"),
                        RedisCommand("MGET", "k", "none"),
                    ], timeout: patience)
                #expect(replies[0] == .simple("OK"))
                #expect(replies[1].errorMessage?.hasPrefix("WRONGTYPE") == true)
                #expect(replies[2].integer == 2)
                #expect(replies[3] == .array([.bulk(ByteBuffer(string: "2")), .null]))
            }
        }
    }

    @Test("an error reply is thrown with its first word as the prefix")
    func throwsErrorReplies() async throws {
        var options = PrivateRedisOptions()
        options.maximumMemoryBytes = 1
        try await withPrivateRedis(options) { server in
            try await withClient(url: server.url) { client in
                let error = await #expect(throws: RedisError.self) {
                    try await client.call("SET", "k", "v")
                }
                #expect(error?.code == .serverError(prefix: "OOM"))
            }
        }
    }

    @Test("payloads of any size come back byte for byte", arguments: [0, 1, 1_023, 1_024, 70_000, 20_000_000])
    func carriesPayloads(length: Int) async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                let payload = ByteBuffer(bytes: (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                var command = RedisCommand("SET", "k")
                command.append(payload)
                let replies = try await client.send(
                    [RedisCommand("PING"), command, RedisCommand("GET", "k"), RedisCommand("STRLEN", "k")],
                    timeout: patience)
                #expect(replies == [.simple("PONG"), .simple("OK"), .bulk(payload), .integer(Int64(length))])
            }
        }
    }

    @Test("a reply above the configured size ends the connection, and the next command gets another")
    func boundsReplySize() async throws {
        try await withPrivateRedis { server in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.maximumReplyBytes = 1_000_000
            try await withClient(configuration) { client in
                _ = try await client.call("SETRANGE", "k", "2000000", "x")
                let error = await #expect(throws: RedisError.self) { try await client.call("GET", "k") }
                #expect(error?.code == .tooLarge)
                #expect(try await client.call("PING").string == "PONG")
            }
        }
    }

    @Test("a cancelled caller leaves the replies of others where they belong")
    func survivesCancelledCallers() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                try await client.waitUntilConnected(timeout: patience)
                server.pause()
                let cancelled = (0..<20).map { number in
                    Task { try await client.call("ECHO", "lost-\(number)") }
                }
                let kept = (0..<20).map { number in
                    Task { try await client.call("ECHO", "kept-\(number)") }
                }
                for task in cancelled { task.cancel() }
                server.resume()
                for (number, task) in kept.enumerated() { #expect(try await task.value.string == "kept-\(number)") }
                for task in cancelled { _ = await task.result }
                #expect(try await client.call("ECHO", "after").string == "after")
            }
        }
    }

    /// The error that ends the call.
    private func failure(_ call: Task<RedisValue, any Error>) async -> RedisError? {
        switch await call.result {
        case .success: nil
        case .failure(let error): error as? RedisError
        }
    }

    @Test("a server that takes no more connections is named as such", .timeLimit(.minutes(1)))
    func namesFullServer() async throws {
        var options = PrivateRedisOptions()
        options.arguments = ["--maxclients", "1"]
        try await withPrivateRedis(options) { server in
            try await withClient(url: server.url) { first in
                _ = try await first.call("PING")
                try await withClient(url: server.url) { second in
                    let error = await #expect(throws: RedisError.self) {
                        try await second.waitUntilConnected(timeout: .seconds(1))
                    }
                    #expect(error?.message.contains("max number of clients reached") == true)
                }
            }
        }
    }

    @Test("a server that became a replica is left, and the client connects again")
    func replica() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url, name: "writer") { client in
                try await withClient(url: server.url, name: "admin") { admin in
                    _ = try await client.call("SET", "k", "1")
                    let first = try await client.call("CLIENT", "ID")
                    _ = try await admin.call("REPLICAOF", "127.0.0.1", "1")
                    let error = await #expect(throws: RedisError.self) { try await client.call("SET", "k", "2") }
                    #expect(error?.message.contains("READONLY") == true)
                    _ = try await admin.call("REPLICAOF", "NO", "ONE")
                    _ = try await client.call("SET", "k", "3")
                    let second = try await client.call("CLIENT", "ID")
                    #expect(first != second)
                }
            }
        }
    }

    @Test("a connection that is busy when the server becomes a replica leaves it once it is answered")
    func replicaWhileBusy() async throws {
        try await withPrivateRedis { server in
            let failover = RedisFailover()
            let client = makeClient(try RedisConfiguration(url: server.url), name: "reader", failover: failover)
            let keeper = Task { await client.run() }
            defer { keeper.cancel() }
            let first = try await client.call("CLIENT", "ID")
            let blocked = Task { try await client.call("BLPOP", "list", "0").array?.last?.string }
            try await withClient(url: server.url) { other in
                let isBlocked = { try await other.call("INFO", "clients").string }
                while try await isBlocked()?.contains("blocked_clients:1") != true {}
                failover.announce(at: .now())
                _ = try await other.call("RPUSH", "list", "x")
            }
            #expect(try await blocked.value == "x", "what it was owed comes first")
            #expect(try await client.call("CLIENT", "ID") != first)
        }
    }

    @Test("commands wait while Redis is away and run when it is back")
    func recoversFromARestart() async throws {
        var options = PrivateRedisOptions()
        options.keepsData = true
        try await withPrivateRedis(options) { server in
            try await withClient(url: server.url) { client in
                for round in 1...3 {
                    _ = try await client.call("INCR", "k")
                    await server.kill()
                    let waiting = Task { try await client.call("GET", "k") }
                    try await server.start()
                    // The command may have left before the loss was seen: then nobody knows whether it ran.
                    if let error = await failure(waiting) { #expect(error.code == .connectionLost) }
                    #expect(try await client.call("GET", "k").integer == round)
                }
            }
        }
    }

    @Test("commands that are under way when Redis dies fail as lost, at once")
    func failsWhatIsUnderWay() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                try await client.waitUntilConnected(timeout: patience)
                let blocked = Task {
                    try await client.send(RedisCommand("BLPOP", "none", "0"), timeout: .seconds(600))
                }
                try await withClient(url: server.url) { other in
                    let isBlocked = { try await other.call("INFO", "clients").string }
                    while try await isBlocked()?.contains("blocked_clients:1") != true {}
                }
                await server.kill()
                #expect(await failure(blocked)?.code == .connectionLost)
            }
        }
    }

    @Test("a server that does not answer in time is given up, and the client connects again")
    func timesOut() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                try await client.waitUntilConnected(timeout: patience)
                server.pause()
                let patient = Task { try await client.call("PING") }
                let start = ContinuousClock.now
                let late = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("PING"), timeout: .milliseconds(200))
                }
                #expect(late?.code == .timedOut)
                #expect(ContinuousClock.now - start >= .milliseconds(200))
                server.resume()
                // It shared the connection, or asked the next one.
                if let error = await failure(patient) { #expect(error.code == .connectionLost) }
                #expect(try await client.call("PING").string == "PONG")
            }
        }
    }

    @Test("a late command on a connection that lives ends alone")
    func endsALateCommandAlone() async throws {
        try await withPrivateRedis { server in
            try await withClient(url: server.url) { client in
                try await client.waitUntilConnected(timeout: patience)
                let id = try await client.call("CLIENT", "ID").integer
                server.pause()
                let late = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("ECHO", "late"), timeout: .milliseconds(10))
                }
                #expect(late?.code == .timedOut)
                server.resume()
                #expect(try await client.call("ECHO", "next").string == "next")
                #expect(try await client.call("CLIENT", "ID").integer == id)
            }
        }
    }

    @Test("without a server a command ends by its own time-out and says why")
    func endsByTimeoutWithoutAServer() async throws {
        try await withClient(url: "unix:///tmp/spate-nobody-listens.sock") { client in
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("PING"), timeout: .milliseconds(100))
            }
            #expect(error?.code == .timedOut)
            #expect(error?.message.contains("spate-nobody-listens") == true)
            let reason = await #expect(throws: RedisError.self) {
                try await client.waitUntilConnected(timeout: .milliseconds(100))
            }
            #expect(reason?.code == .connectionFailed)
        }
    }

    @Test("a client that was never run ends its commands by their time-out")
    func endsByTimeoutWithoutRun() async throws {
        let client = makeClient(try RedisConfiguration(url: "unix:///tmp/spate-nobody-listens.sock"))
        let error = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("PING"), timeout: .milliseconds(50))
        }
        #expect(error?.code == .timedOut)
    }

    @Test("after its run has ended a client refuses commands, and closes its connection")
    func closes() async throws {
        try await withPrivateRedis { server in
            let ended = try await withClient(url: server.url, name: "ended") { client in
                let reply = try await client.call("PING")
                #expect(reply.string == "PONG")
                return client
            }
            let error = await #expect(throws: RedisError.self) { try await ended.call("PING") }
            #expect(error?.code == .closed)
            #expect(ended.lastError?.code == .closed)
            #expect(!ended.isConnected)
            try await withClient(url: server.url) { client in
                while try await connectionNames(client).contains("ended") {}
            }
        }
    }

    @Test("callbacks come once, for replies and for refusals")
    func submits() async throws {
        try await withPrivateRedis { server in
            let client = try await withClient(url: server.url) { client in
                let reply = await withCheckedContinuation { continuation in
                    client.submit([RedisCommand("PING")], timeout: patience) { continuation.resume(returning: $0) }
                }
                let replies = try reply.get()
                #expect(replies == [.simple("PONG")])
                return client
            }
            let refusals = Mutex<[RedisError.Code]>([])
            client.submit([RedisCommand("PING")]) { result in
                if case .failure(let error) = result { refusals.withLock { $0.append(error.code) } }
            }
            #expect(refusals.withLock { $0 } == [.closed])
        }
    }
}
