import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Observability
import Settings
import TestSupport
import Testing
import Time

@testable import Gateway

@Suite struct AdminRoutesTests {
    private let gateway: GatewayHarness
    private let routes: AdminRoutes

    init() throws {
        gateway = try GatewayHarness()
        routes = AdminRoutes(
            catalog: gateway.catalog, pools: [], observer: gateway.queue, time: gateway.clock, metrics: gateway.metrics,
            operations: AdminOperations { method, path, query in
                guard path == "/admin/own" else { return nil }
                return AdminOperations.Reply(status: 200, json: "\"\(method) \(query["a"] ?? "")\"")
            }, hosts: AdminHosts(GatewaySettings()), isUnavailable: { _ in true })
    }

    private func send(
        _ path: String, _ method: HTTPRequest.Method = .get, host: String? = "127.0.0.1:8002",
        _ headers: HTTPFields = [:]
    ) async -> HTTPReply {
        let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: headers)
        return await routes.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer())))
    }

    @Test("tells metrics, status and decisions, and says of other paths which there are")
    func tells() async throws {
        _ = await gateway.submit()
        try await gateway.queue.record(decision: #"{"pool":"cpu"}"#)
        let metrics = await send("/metrics")
        #expect(String(buffer: metrics.body).contains(#"spate_queue_jobs{model="m",version="1",state="waiting"} 1"#))
        #expect(String(buffer: metrics.body).contains(#"spate_model_unavailable{model="m",version="1"} 1"#))
        #expect(metrics.headers[.contentType]?.hasPrefix("text/plain") == true)
        #expect(await send("/admin/status").status == .ok)
        #expect(String(buffer: await send("/admin/decisions").body) == #"[{"pool":"cpu"}]"#)
        for count in ["0", "10001", "x"] {
            let reply = await send("/admin/decisions?count=\(count)")
            #expect(reply.status.code == (count == "x" ? 200 : 400), "\(count)")
        }
        #expect(await send("/health/live").status == .ok)
        let other = await send("/other")
        #expect(other.status == .notFound && other.error.contains("/admin/status"))
        #expect(await send("/admin/status", .post).status == .methodNotAllowed)
    }

    @Test("metrics are told while the store is away, its state is not")
    func survivesOutages() async {
        gateway.queue.fail(with: QueueError(.unavailable, "away"))
        #expect(await send("/metrics").status == .ok)
        for path in ["/admin/status", "/admin/decisions"] {
            let reply = await send(path)
            #expect(reply.status == .serviceUnavailable && reply.headers[.retryAfter] == "1", "\(path)")
        }
    }

    @Test("who does not ask for a name of the loopback gets nothing, and no web page changes anything")
    func refusesPages() async {
        #expect(await send("/metrics", host: "evil.example").status.code == 421)
        #expect(String(buffer: await send("/admin/own?a=1").body) == #""GET 1""#)
        #expect(await send("/admin/own", .post).status == .ok)
        #expect(await send("/admin/own", .post, [.origin: "http://evil.example"]).status == .forbidden)
    }
}
