import Jobs
import Operations
import Scaler
import Settings
import Testing
import Time

@Suite struct OperatorAPITests {
    private func api(_ fixture: Fixture) -> OperatorAPI {
        let settings = ClusterSettings(
            models: [ModelSettings(name: "m")], pools: [PoolSettings(maximumWorkers: 4)])
        return OperatorAPI(
            OperatorDesk(settings: settings, store: fixture.store, observer: fixture.queue, time: fixture.time))
    }

    @Test("what is set over the API is what the scaler finds, and can be taken back")
    func orders() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.report("cpu-1"))
        let api = api(fixture)
        for (path, query) in [
            ("/admin/pools/cpu/override", ["workers": "3", "for": "10m", "note": "sale"]),
            ("/admin/pools/cpu/pause", [:]), ("/admin/pause", ["for": "1h"]), ("/admin/workers/cpu-1/protect", [:]),
            ("/admin/workers/cpu-1/leave", [:]), ("/admin/reload", [:]),
        ] {
            let reply = try #require(await api.respond(method: "POST", path: path, query: query))
            #expect(reply.status == 200, "\(path): \(reply.json)")
        }
        let entries = try await fixture.store.control().entries
        #expect(
            entries.map { "\($0.kind) \($0.subject)" } == [
                "leave cpu-1", "override cpu", "pause *", "pause cpu", "protect cpu-1", "reload files",
            ])
        for path in [
            "/admin/pools/cpu/override", "/admin/pools/cpu/pause", "/admin/pause", "/admin/workers/cpu-1/protect",
        ] {
            #expect(await api.respond(method: "DELETE", path: path, query: [:])?.status == 200)
            #expect(await api.respond(method: "DELETE", path: path, query: [:])?.status == 404, "it is gone")
        }
    }

    @Test(
        "bad input is refused with what is allowed",
        arguments: [
            ("POST", "/admin/pools/cpu/override", "workers=many", 400, "workers: expected a whole number from 0"),
            ("POST", "/admin/pools/cpu/override", "workers=9", 400, "pool cpu may have 0 to 4 workers"),
            ("POST", "/admin/pools/cpu/override", "", 400, "say how many"),
            ("POST", "/admin/pools/gpu/override", "workers=1", 404, "there is no pool 'gpu'"),
            ("POST", "/admin/pools/cpu/pause", "for=10", 400, "for: expected a time with its unit"),
            ("POST", "/admin/workers/x/leave", "", 404, "no worker 'x' reports"),
            ("GET", "/admin/why", "time=soon", 400, "time: expected a moment in UTC"),
            ("GET", "/admin/why", "pool=gpu", 404, "there is no pool 'gpu'"),
            ("GET", "/admin/cost", "from=1h&to=2h", 400, "the span ends before it begins"),
            ("GET", "/admin/decisions", "since=1h&count=0", 400, "count: expected a whole number from 1"),
        ])
    func refusals(method: String, path: String, query: String, status: Int, message: String) async throws {
        let pairs = query.split(separator: "&").map { $0.split(separator: "=").map(String.init) }
        let values = Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
        let reply = try #require(await api(try Fixture()).respond(method: method, path: path, query: values))
        #expect(reply.status == status)
        #expect(reply.json.contains(message), "\(reply.json)")
    }

    @Test("questions are answered, and paths of others are left to others")
    func questions() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 900)
        await fixture.look()
        let api = api(fixture)
        for path in ["/admin/pools", "/admin/why", "/admin/control", "/admin/cost", "/admin/arrivals"] {
            #expect(await api.respond(method: "GET", path: path, query: [:])?.status == 200, "\(path)")
        }
        let decisions = try #require(
            await api.respond(method: "GET", path: "/admin/decisions", query: ["since": "1h", "pool": "cpu"]))
        #expect(decisions.json.hasPrefix(#"[{"arrival_rate":0,"#))
        for path in ["/admin/status", "/admin/decisions", "/metrics", "/"] {
            #expect(await api.respond(method: "GET", path: path, query: [:]) == nil, "\(path)")
        }
    }
}
