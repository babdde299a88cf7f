import LoadGenerator
import NIOCore
import NIOHTTP1
import Testing
import Time
import Traffic

@Suite struct ClusterWatchTests {
    private static func status(second: Int, ready: Int, settled: Int, wanted: Int) -> String {
        """
        {"time_ms":\(1_700_000_000_000 + second * 20),"queues":{"m.1":{"waiting":7,"in_flight":2,"due":1}},
        "pools":{"cpu":{"starting":\(ready == 0 ? 1 : 0),"ready":\(ready),"draining":0,"maximum":2,"price_per_hour":0.1}},
        "workers":[{"id":"w1","settled":\(settled)}],
        "decisions":[{"time":\(1_700_000_000_000 + second * 20),"pool":"cpu","wanted":\(wanted),"reason":"7 jobs wait"}]}
        """
    }

    @Test("samples backlog, workers and decisions while calls are sent")
    func samples() async throws {
        let server = try await StubServer {
            { request in .reply(200, [:], v2Answer(argmax: 2), after: .milliseconds(request.number < 20 ? 300 : 1)) }
        }
        let admin = try await StubServer {
            { request in
                let up = request.number >= 4
                return .reply(
                    200, [:],
                    Self.status(
                        second: request.number, ready: up ? 1 : 0, settled: up ? 5 : 0,
                        wanted: up ? 2 : request.number < 1 ? 0 : 1))
            }
        }
        let report = try await makeRun(
            makeProfile(), against: server, admin: admin, options: LoadOptions(samplingInterval: .milliseconds(20))
        ).run()
        #expect(report.counts.finished == 50)
        #expect(report.samples.count > 3)
        #expect(report.samples.first?.waiting == 7)
        #expect(report.samples.first?.pools["cpu"]?.starting == 1)
        #expect(report.decisions.map(\.wanted) == [1, 2])
        #expect(report.decisions.allSatisfy { $0.reason == "7 jobs wait" })
        #expect(report.scaleOuts.first?.workersBefore == 0)
        #expect((report.fleet?.workerSeconds ?? 0) > 0)
        try await admin.stop()
        try await server.stop()
    }

    @Test("does not depend on the administration port")
    func absent() async throws {
        let server = try await StubServer { { _ in .reply(200, [:], v2Answer(argmax: 2)) } }
        let admin = try await StubServer { { _ in .reply(503, [:], "no") } }
        let report = try await makeRun(makeProfile(), against: server, admin: admin).run()
        #expect(report.verdict.isOK)
        #expect(report.samples.isEmpty)
        try await admin.stop()
        try await server.stop()
    }

    @Test("watches the cluster scale in after the last call, until no worker is left")
    func observation() async throws {
        let server = try await StubServer { { _ in .reply(200, [:], v2Answer(argmax: 2)) } }
        let admin = try await StubServer {
            { request in
                let ready = request.number < 30 ? 1 : 0
                return .reply(
                    200, [:],
                    #"{"pools":{"cpu":{"starting":0,"ready":\#(ready),"draining":0}},"queues":{},"decisions":[]}"#)
            }
        }
        let report = try await makeRun(
            makeProfile(), against: server, admin: admin,
            options: LoadOptions(samplingInterval: .milliseconds(20), observation: .seconds(30))
        ).run()
        #expect(report.samples.last?.ready == 0)
        #expect(report.samples.count > 25)
        #expect(report.durationSeconds < 25)
        try await admin.stop()
        try await server.stop()
    }
}
