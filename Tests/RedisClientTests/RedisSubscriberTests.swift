import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite struct RedisSubscriberTests {
    private enum Event: Equatable {
        case subscribed
        case message(channel: String, text: String)
    }

    /// Runs a subscription for the length of `body`, which gets a function that waits for the next event.
    private func withSubscription(
        url: String, channels: [String], _ body: (() async -> Event?) async throws -> Void
    ) async throws {
        let (events, continuation) = AsyncStream<Event>.makeStream()
        let subscriber = RedisSubscriber(
            configuration: try RedisConfiguration(url: url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            name: "subscriber", logger: makeQuietLogger())
        // Ended below on every path.
        let keeper = Task {
            await subscriber.run(channels: channels) {
                continuation.yield(.subscribed)
            } _: { channel, payload in
                continuation.yield(.message(channel: channel, text: String(buffer: payload)))
            }
        }
        defer { keeper.cancel() }
        try await body {
            for await event in events { return event }
            return nil
        }
        keeper.cancel()
        await keeper.value
    }

    @Test("delivers the messages of its channels in order, and of no other", .timeLimit(.minutes(1)))
    func delivers() async throws {
        try await withPrivateRedis { server in
            try await withSubscription(url: server.url, channels: ["a", "b"]) { next in
                #expect(await next() == .subscribed)
                try await withClient(url: server.url) { client in
                    for (channel, text) in [("a", "1"), ("c", "2"), ("b", "3"), ("a", "4")] {
                        _ = try await client.call("PUBLISH", channel, text)
                    }
                }
                #expect(await next() == .message(channel: "a", text: "1"))
                #expect(await next() == .message(channel: "b", text: "3"))
                #expect(await next() == .message(channel: "a", text: "4"))
            }
        }
    }

    @Test("subscribes again after Redis came back, and says so", .timeLimit(.minutes(1)))
    func resubscribes() async throws {
        try await withPrivateRedis { server in
            try await withSubscription(url: server.url, channels: ["a"]) { next in
                #expect(await next() == .subscribed)
                try await server.restart()
                #expect(await next() == .subscribed)
                try await withClient(url: server.url) { client in
                    let reply = try await client.call("PUBLISH", "a", "x")
                    #expect(reply.integer == 1)
                }
                #expect(await next() == .message(channel: "a", text: "x"))
            }
        }
    }

    @Test("a subscription that the ACL refuses is tried again until it is allowed", .timeLimit(.minutes(1)))
    func retriesRefusedSubscriptions() async throws {
        var options = PrivateRedisOptions()
        options.users = ["worker on >s3cret ~* resetchannels +@all"]
        try await withPrivateRedis(options) { server in
            try await withSubscription(url: server.url("worker:s3cret@"), channels: ["a"]) { next in
                try await withClient(url: server.url) { client in
                    while try await client.call("INFO", "stats").string?
                        .contains("acl_access_denied_channel:0") != false
                    {}
                    _ = try await client.call("ACL", "SETUSER", "worker", "&*")
                }
                #expect(await next() == .subscribed)
            }
        }
    }
}
