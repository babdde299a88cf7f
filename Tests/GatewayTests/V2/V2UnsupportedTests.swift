import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct V2UnsupportedTests {
    @Test(
        "Triton's extensions that are not offered are told from paths that nobody knows",
        arguments: [
            (
                "/v2/repository/models/m/load", V2Path.modelControl("m"), 503,
                "explicit model load / unload is not allowed"
            ),
            (
                "/v2/repository/models/m%2F1/unload", .modelControl("m/1"), 503,
                "explicit model load / unload is not allowed"
            ),
            ("/v2/trace/setting", .trace, 503, "the server does not support tracing"),
            ("/v2/models/m/trace/setting", .trace, 503, "the server does not support tracing"),
            ("/v2/models/m/versions/1/trace/setting", .trace, 503, "the server does not support tracing"),
            ("/v2/logging", .logging, 503, "the server does not support dynamic logging"),
            (
                "/v2/systemsharedmemory/region/r/register", .sharedMemory(.register), 501,
                "shared memory is not supported"
            ),
            ("/v2/cudasharedmemory/region/r/register", .sharedMemory(.register), 501, "shared memory is not supported"),
            ("/v2/systemsharedmemory/status", .sharedMemory(.status), 200, "[]"),
            ("/v2/systemsharedmemory/region/r/status", .sharedMemory(.status), 200, "[]"),
            ("/v2/cudasharedmemory/unregister", .sharedMemory(.unregister), 200, ""),
            ("/v2/systemsharedmemory/region/r/unregister", .sharedMemory(.unregister), 200, ""),
        ] as [(String, V2Path, Int, String)])
    func unsupported(path: String, expected: V2Path, status: Int, text: String) throws {
        #expect(V2Path(path) == expected)
        let reply = try #require(V2Unsupported.reply(to: expected))
        #expect(reply.status.code == status && String(buffer: reply.body).contains(text))
    }

    @Test(
        "other paths are unknown",
        arguments: [
            "/v1", "/v2/", "/v2/nonsense", "/v2/models/m/frob", "/v2/repository/models/m/frob",
            "/v2/systemsharedmemory/frob", "/x",
        ])
    func unknown(path: String) { #expect((V2Path(path) == nil) == (path != "/v2/")) }

    @Test("405 names what is allowed, HEAD beside GET")
    func allowed() {
        #expect(HTTPReply.methodNotAllowed([.get, .delete]).headers[.allow] == "GET, HEAD, DELETE")
        #expect(V2Path.model("m", version: nil, .infer).methods == [.post])
    }

    @Test("texts keep slashes, cut what is long and show nothing that steers a terminal")
    func texts() {
        #expect(String(buffer: HTTPReply.error(.notFound, "GET /v2").body) == #"{"error":"GET /v2"}"#)
        let long = String(repeating: "ä", count: 5_000).shortened
        #expect(long.count < 130 && long.hasSuffix("… (10000 bytes)"))
        #expect("a\u{1B}[2Jb\r\nc".shortened == "a\u{FFFD}[2Jb\u{FFFD}c")
    }
}
