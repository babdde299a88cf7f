import LoadGenerator
import NIOHTTP1
import Testing

@Suite struct PreflightTests {
    @Test("a target that is there and ready passes, with its name and version")
    func passes() async throws {
        let server = try await StubServer {
            { request in
                switch request.uri {
                case "/v2/health/ready", "/v2/models/m/ready", "/admin/status": .reply(200, [:], "{}")
                case "/v2": .reply(200, [:], #"{"name":"spate","version":"1.2.3"}"#)
                default: .reply(500)
                }
            }
        }
        let found = try await makeRun(makeProfile(), against: server, admin: server).preflight()
        #expect(found.service == "spate 1.2.3")
        #expect(found.warnings.isEmpty)
        try await server.stop()
    }

    @Test("a target that nobody listens at is found before a call is sent")
    func nobodyListens() async throws {
        let server = try await StubServer { { _ in .silence } }
        let run = try makeRun(makeProfile(calls: 2), against: server)
        try await server.stop()
        let error = await #expect(throws: LoadError.self) { try await run.preflight() }
        #expect(error?.message.contains("cannot connect: Connection refused") == true)
    }

    @Test(
        "a target that is not ready, or does not serve the model, is found with its reason",
        arguments: [
            ("/v2/health/ready", 503, "Redis is away"), ("/v2/models/m/ready", 503, "no worker can load it"),
            ("/v2/models/m/ready", 404, "unknown model 'm'"), ("/v2/models/m/ready", 400, "no such model: m"),
        ])
    func refused(path: String, status: Int, words: String) async throws {
        let server = try await StubServer {
            { $0.uri == path ? .reply(status, [:], "{\"error\":\"\(words)\"}") : .reply(200, [:], "{}") }
        }
        let run = try makeRun(makeProfile(), against: server)
        let error = await #expect(throws: LoadError.self) { try await run.preflight() }
        #expect(error?.message.contains(words) == true)
        try await server.stop()
    }

    @Test("paths that a service does not know prove nothing, and an unseen cluster is a warning")
    func unknownPaths() async throws {
        let server = try await StubServer { { _ in .reply(404, [:], "Not Found") } }
        let found = try await makeRun(makeProfile(), against: server, admin: server).preflight()
        #expect(found.service == nil)
        #expect(found.warnings.count == 1 && found.warnings[0].contains("status 404"))
        try await server.stop()
    }

    @Test("more connections than this process may open are refused in words")
    func descriptors() throws {
        let error = #expect(throws: LoadError.self) {
            try LoadRun(
                load: .closed(connections: 65_536, duration: .seconds(1), asynchronousShare: 0),
                recording: makeRecording(), model: "m", target: LoadTarget(host: "127.0.0.1", port: 1), admin: nil,
                seed: 1, runID: "t", started: "", descriptors: 4_096)
        }
        #expect(error?.message.contains("65536 connections are more than this process may open") == true)
        #expect(error?.message.contains("3840 connections") == true)
    }
}
