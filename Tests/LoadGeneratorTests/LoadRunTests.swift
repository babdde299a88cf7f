import LoadGenerator
import NIOCore
import NIOHTTP1
import Testing
import Time
import Traffic

@Suite struct LoadRunTests {
    @Test("counts right answers")
    func right() async throws {
        let server = try await StubServer { { _ in .reply(200, [:], v2Answer(argmax: 2)) } }
        let report = try await makeRun(makeProfile(), against: server).run()
        #expect(report.counts.offered == 50)
        #expect(report.counts.finished == 50)
        #expect(report.counts.accepted == 50)
        #expect(report.verdict.isOK)
        #expect(report.latency?.count == 50)
        try await server.stop()
    }

    @Test("counts wrong answers, and says what is wrong")
    func wrong() async throws {
        let server = try await StubServer {
            { request in
                .reply(200, [:], request.number < 7 ? v2Answer(argmax: 1) : v2Answer(argmax: 2))
            }
        }
        let report = try await makeRun(makeProfile(), against: server).run()
        #expect(report.counts.wrong == 7)
        #expect(report.counts.finished == 50)
        #expect(report.verdict.problems == ["7 wrong"])
        #expect(report.reasons == [.init(text: "another class in output y", count: 7)])
        try await server.stop()
    }

    @Test("sends refused calls again after Retry-After, and their latency counts from the intended time")
    func refused() async throws {
        let server = try await StubServer {
            { request in
                request.number < 50 ? .reply(429, ["Retry-After": "1"], "") : .reply(200, [:], v2Answer(argmax: 2))
            }
        }
        let report = try await makeRun(makeProfile(), against: server).run()
        #expect(report.counts.refusals == 50)
        #expect(report.counts.retried == 50)
        #expect(report.counts.finished == 50)
        #expect((report.latency?.p50Seconds ?? 0) > 1)
        try await server.stop()
    }

    @Test("gives a call up as refused when the retries are used up")
    func refusedForGood() async throws {
        let server = try await StubServer { { _ in .reply(503, ["Retry-After": "0"], "") } }
        let report = try await makeRun(makeProfile(calls: 5), against: server).run()
        #expect(report.counts.refused == 5)
        #expect(report.counts.refusals == 5 * 21)
        #expect(report.counts.retried == 5 * 20)
        #expect(report.verdict.problems == ["nothing finished"])
        try await server.stop()
    }

    @Test("repeats calls whose connection broke, and counts those that stay without an answer")
    func disconnects() async throws {
        let server = try await StubServer {
            { request in request.number < 5 ? .disconnect : .reply(200, [:], v2Answer(argmax: 2)) }
        }
        let report = try await makeRun(makeProfile(), against: server).run()
        #expect(report.counts.finished == 50)
        #expect(report.counts.retried == 5)
        try await server.stop()

        let dead = try await StubServer { { _ in .disconnect } }
        let unanswered = try await makeRun(makeProfile(calls: 3), against: dead).run()
        #expect(unanswered.counts.unanswered == 3)
        #expect(!unanswered.verdict.isOK)
        #expect(unanswered.reasons == [.init(text: "connection closed without an answer", count: 3)])
        try await dead.stop()
    }

    @Test("counts failures, expired calls and late answers")
    func otherEndings() async throws {
        let server = try await StubServer {
            { request in
                switch request.number % 5 {
                case 0: .reply(500, [:], #"{"error":"the backend failed"}"#)
                case 1: .reply(504, [:], #"{"error":"Request timeout expired"}"#)
                default: .reply(200, [:], v2Answer(argmax: 2))
                }
            }
        }
        let report = try await makeRun(makeProfile(deadline: .microseconds(1)), against: server).run()
        #expect(report.counts.failed == 10)
        #expect(report.counts.expired == 10)
        #expect(report.counts.late == 30)
        #expect(report.counts.finished == 30)
        #expect(report.reasons == [.init(text: "status 500: the backend failed", count: 10)])
        try await server.stop()
    }

    @Test("keeps sending on time while the service answers nothing")
    func openLoop() async throws {
        let server = try await StubServer {
            { request in .reply(200, [:], v2Answer(argmax: 2), after: .milliseconds(400)) }
        }
        let report = try await makeRun(makeProfile(calls: 100), against: server).run()
        #expect(report.counts.finished == 100)
        // All calls arrive within 0.2 s; had they waited for one another, the run would have taken 40 s.
        #expect(report.durationSeconds < 20)
        #expect(report.seconds.first?.arrivals == 100)
        try await server.stop()
    }

    @Test("counts the wait for a connection when there are too few")
    func boundedConnections() async throws {
        let server = try await StubServer {
            { request in .reply(200, [:], v2Answer(argmax: 2), after: .milliseconds(100)) }
        }
        let report = try await makeRun(
            makeProfile(calls: 10), against: server, options: LoadOptions(maximumConnections: 1)
        ).run()
        #expect(report.counts.finished == 10)
        // Ten calls of 0.1 s one after the other; of the service itself each saw 0.1 s.
        #expect((report.latency?.maximumSeconds ?? 0) > 0.7)
        #expect((report.serviceLatency?.maximumSeconds ?? 9) < (report.latency?.maximumSeconds ?? 0))
        try await server.stop()
    }

    @Test("ends a request that is never answered at its time-out")
    func silence() async throws {
        let server = try await StubServer { { _ in .silence } }
        let report = try await makeRun(
            makeProfile(calls: 2), against: server, options: LoadOptions(requestTimeout: .milliseconds(100))
        ).run()
        #expect(report.counts.unanswered == 2)
        #expect(report.reasons == [.init(text: "no answer within the time-out", count: 2)])
        try await server.stop()
    }

    @Test("reports what came until then when it is cancelled")
    func cancelled() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let server = try await StubServer {
            { _ in
                arrival.yield()
                return .silence
            }
        }
        let run = try makeRun(makeProfile(calls: 10), against: server)
        let task = Task { try await run.run() }
        var seen = 0
        for await _ in arrived {
            seen += 1
            if seen == 10 { break }
        }
        task.cancel()
        let report = try await task.value
        #expect(report.counts.offered == 10)
        #expect(report.counts.interrupted == 10)
        #expect(report.counts.unanswered == 0 && report.counts.lost == 0)
        #expect(report.conclusion == .stopped)
        #expect(!report.verdict.isOK)
        try await server.stop()
    }

    @Test("runs a closed loop for its duration and says so")
    func closedLoop() async throws {
        let server = try await StubServer { { _ in .reply(200, [:], v2Answer(argmax: 2)) } }
        let run = try LoadRun(
            load: .closed(connections: 4, duration: .milliseconds(300), asynchronousShare: 0),
            recording: makeRecording(),
            model: "m", target: LoadTarget(host: "127.0.0.1", port: server.port), admin: nil, seed: 1, runID: "t",
            started: "")
        let report = try await run.run()
        #expect(report.description.loop == .closed)
        #expect(report.description.connections == 4)
        #expect(report.counts.finished == report.counts.offered)
        #expect(report.counts.finished > 4)
        #expect(report.verdict.isOK)
        try await server.stop()
    }

    @Test("says that nobody listens instead of hanging")
    func nobodyListens() async throws {
        let server = try await StubServer { { _ in .silence } }
        let run = try makeRun(makeProfile(calls: 2), against: server)
        try await server.stop()
        let report = try await run.run()
        #expect(report.counts.unanswered == 2)
        #expect(report.reasons == [.init(text: "cannot connect: Connection refused", count: 2)])
    }
}
