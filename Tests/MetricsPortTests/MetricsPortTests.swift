import AsyncHTTPClient
import Logging
import MetricsPort
import NIOCore
import NIOHTTP1
import NIOPosix
import Observability
import Testing

@Suite struct MetricsPortTests {
    /// Serves `registry` on a free port while `body` runs.
    private func serving<R: Sendable>(
        _ registry: MetricsRegistry, _ body: @escaping @Sendable (String) async throws -> R
    ) async throws -> R {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = MetricsPort(
            host: "127.0.0.1", port: 0, registry: registry, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"))
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                try await server.run { port.yield($0) }
                return nil
            }
            group.addTask {
                let port = try #require(await ports.first { _ in true })
                return try await body("http://127.0.0.1:\(port)")
            }
            while let result = try await group.next() {
                if let result {
                    group.cancelAll()
                    return result
                }
            }
            throw CancellationError()
        }
    }

    private func get(_ url: String, method: String = "GET") async throws -> (UInt, String, String) {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (response.status.code, response.headers.first(name: "content-type") ?? "", String(buffer: body))
    }

    @Test("serves the figures of its process as Prometheus reads them")
    func metrics() async throws {
        let registry = MetricsRegistry()
        WorkerSeries(in: registry).rows(model: "digits").increment(by: 7)
        let (status, type, body) = try await serving(registry) { try await get($0 + "/metrics") }
        #expect(status == 200 && type == MetricsRegistry.contentType)
        #expect(body.contains("spate_worker_rows_total{model=\"digits\"} 7\n"))
    }

    @Test("other paths and methods are told what there is")
    func others() async throws {
        let answers = try await serving(MetricsRegistry()) { url in
            [
                try await get(url + "/"), try await get(url + "/metrics", method: "POST"),
                try await get(url + "/health/live"),
            ]
        }
        #expect(answers.map(\.0) == [404, 405, 200])
        #expect(answers[0].2.contains("GET /metrics"))
    }

    @Test("a port that is taken is an error")
    func taken() async throws {
        try await serving(MetricsRegistry()) { url in
            let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
            let second = MetricsPort(
                host: "127.0.0.1", port: port, registry: MetricsRegistry(),
                group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
            await #expect(throws: IOError.self) { try await second.run() }
        }
    }
}
