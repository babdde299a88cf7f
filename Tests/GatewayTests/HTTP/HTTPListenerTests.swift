import Clocks
import GatewayCore
import Glibc
import HTTPTypes
import HummingbirdCore
import Jobs
import Logging
import NIOCore
import NIOPosix
import Observability
import ServiceLifecycle
import Settings
import Synchronization
import Testing

@testable import Gateway

/// Over real sockets.
@Suite struct HTTPListenerTests {
    /// A listener that runs while `body` does.
    private func listening<Result: Sendable>(
        bound: ConnectionTable.Bound = .init(regular: 64, reserve: 4), settings: GatewaySettings = GatewaySettings(),
        respond: @escaping HTTPListener.Respond, _ body: @Sendable @escaping (Int) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var endpoint = HTTPListener.Endpoint.inference(settings)
        endpoint.port = 0
        let serving = HTTPServing(
            limits: ConnectionLimits(settings), connections: ConnectionTable(bound: bound, logger: logger),
            answers: AnswerBudget(limit: settings.maximumAnswers), codings: ContentCodings())
        let listener = HTTPListener(
            endpoint, serving: serving, group: .singletonMultiThreadedEventLoopGroup, logger: logger,
            onListening: {
                port.yield($0)
                port.finish()
            }, respond: respond)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            defer { group.cancelAll() }
            let port = try #require(await ports.first { _ in true })
            return try await body(port)
        }
    }

    private static func connect(_ port: Int) async throws -> Client {
        Client(
            try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(isOutboundHalfClosureEnabled: true))
                    }
                })
    }

    private struct Client: Sendable {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        init(_ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>) { self.channel = channel }

        /// Sends `text`, closes the sending side when `finishing`, and returns all until the gateway closes.
        func exchange(_ text: String, finishing: Bool = false) async throws -> String {
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: text))
                if finishing { outbound.finish() }
                var received = ""
                for try await bytes in inbound { received += String(buffer: bytes) }
                return received
            }
        }
    }

    private static let get = "GET /v2/work HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let last = "GET /v2/work HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    @Test("a client that closed its sending side gets its answer, however late")
    func halfClose() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let answer = try await listening { _, caller in
            // Until the probe has gone out, and more.
            _ = await ends.first { _ in true }
            #expect(!caller.isGone, "the client is still there")
            return .json(.ok, ByteBuffer(string: "{}"))
        } _: { port in
            let client = try await Self.connect(port)
            return try await client.channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: Self.get))
                outbound.finish()
                var received = ""
                for try await bytes in inbound {
                    received += String(buffer: bytes)
                    if received == "H" { end.yield() }
                }
                return received
            }
        }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\n{}"))
    }

    @Test("a client that is gone is noticed, with a reset and without one", arguments: [true, false])
    func gone(isReset: Bool) async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        try await listening { _, caller in
            begin.yield()
            await caller.departure()
            end.yield()
            return .json(.ok, ByteBuffer())
        } _: { port in
            let client = try await Self.connect(port)
            if isReset {
                let options = try #require(client.channel.channel as? any SocketOptionProvider)
                try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            try await client.channel.executeThenClose { _, outbound in
                try await outbound.write(ByteBuffer(string: Self.get))
                _ = await begins.first { _ in true }
            }
            _ = await ends.first { _ in true }
        }
    }

    @Test("beyond the bound health checks are answered and the rest is told to come back")
    func beyondTheBound() async throws {
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        let (releases, release) = AsyncStream.makeStream(of: Void.self)
        try await listening(bound: .init(regular: 1, reserve: 2)) { request, _ in
            if request.uri.path == "/v2/work" {
                begin.yield()
                _ = await releases.first { _ in true }
            }
            return .json(.ok, ByteBuffer(string: "{}"))
        } _: { port in
            async let busy = Self.connect(port).exchange(Self.last)
            _ = await begins.first { _ in true }
            let refused = try await Self.connect(port).exchange(Self.get)
            #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("1 connections are open"))
            let healthy = try await Self.connect(port).exchange(
                "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(healthy.hasPrefix("HTTP/1.1 200 "))
            release.yield()
            #expect(try await busy.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test("a graceful end answers what runs and returns")
    func graceful() async throws {
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        let (releases, release) = AsyncStream.makeStream(of: Void.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var endpoint = HTTPListener.Endpoint.inference(GatewaySettings())
        endpoint.port = 0
        let serving = HTTPServing(
            GatewaySettings(), codings: ContentCodings(), metrics: MetricsRegistry(), logger: logger)
        let listener = HTTPListener(
            endpoint, serving: serving, group: .singletonMultiThreadedEventLoopGroup, logger: logger,
            onListening: { port.yield($0) },
            respond: { _, _ in
                begin.yield()
                _ = await releases.first { _ in true }
                return .json(.ok, ByteBuffer(string: "{}"))
            })
        let services = ServiceGroup(services: [listener], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try #require(await ports.first { _ in true })
            async let answer = Self.connect(port).exchange(Self.get)
            _ = await begins.first { _ in true }
            await services.triggerGracefulShutdown()
            release.yield()
            let text = try await answer
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix("\r\n\r\n{}"))
            try await group.waitForAll()
        }
    }

    @Test("an answer that is not read ends its connection, and the bytes are counted no more")
    func unread() async throws {
        let large = ByteBuffer(repeating: UInt8(ascii: "a"), count: 32 << 20)
        let settings = GatewaySettings(sendTimeout: .seconds(1))
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        try await listening(settings: settings) { _, caller in
            Task {
                await caller.departure()
                end.yield()
            }
            return HTTPReply(status: .ok, body: large)
        } _: { port in
            let client = try await Self.connect(port)
            try await client.channel.executeThenClose { _, outbound in
                try await outbound.write(ByteBuffer(string: Self.last))
                _ = await ends.first { _ in true }
            }
        }
    }
}

extension Caller {
    /// Returns when he goes away, as a call does that waits for a job.
    fileprivate func departure() async {
        guard let queue = QueueName(model: "m", version: "1") else { return }
        let table = CallTable(clock: WaitClock(ContinuousClock())) { _, _ in }
        let token = table.begin(for: self)
        let job = JobID(queue: queue, priority: .normal, entry: EntryID(milliseconds: 1, sequence: 0))
        let terms = CallTerms(timeout: .seconds(60), deadline: nil, isRepeatable: true, retention: .zero)
        _ = await table.wait(token, for: job, on: terms)
    }
}
