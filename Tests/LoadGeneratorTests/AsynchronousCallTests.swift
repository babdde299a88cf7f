import LoadGenerator
import NIOCore
import NIOHTTP1
import Testing
import Time
import Traffic

@Suite struct AsynchronousCallTests {
    /// Accepts every submit under a job id made from its key; `settled` answers questions for it.
    private func service(
        job: @escaping @Sendable (_ key: String, _ submits: Int) -> String = { key, _ in key },
        settled: @escaping @Sendable (_ job: String, _ questions: Int) -> StubServer.Answer
    ) async throws -> StubServer {
        try await StubServer {
            var submits: [String: Int] = [:]
            var questions: [String: Int] = [:]
            return { request in
                if request.method == .POST {
                    guard request.isAsynchronous, let key = request.key else { return .reply(400) }
                    submits[key, default: 0] += 1
                    return .reply(202, ["Location": "/v2/jobs/\(job(key, submits[key] ?? 0))"], "{}")
                }
                let id = request.uri.dropFirst("/v2/jobs/".count).prefix { $0 != "?" }
                questions[String(id), default: 0] += 1
                return settled(String(id), questions[String(id)] ?? 0)
            }
        }
    }

    @Test("follows every accepted job to its result")
    func follows() async throws {
        let server = try await service { _, questions in
            questions < 3 ? .reply(202, [:], #"{"status":"running"}"#) : .reply(200, [:], v2Answer(argmax: 2))
        }
        let report = try await makeRun(makeProfile(asynchronousShare: 1), against: server).run()
        #expect(report.counts.accepted == 50)
        #expect(report.counts.finished == 50)
        #expect(report.verdict.isOK)
        try await server.stop()
    }

    @Test("counts accepted jobs that never finish as lost when the follow-up is over")
    func lost() async throws {
        let server = try await service { job, _ in
            job.hasSuffix("7") ? .reply(202, [:], #"{"status":"waiting"}"#) : .reply(200, [:], v2Answer(argmax: 2))
        }
        let report = try await makeRun(
            makeProfile(asynchronousShare: 1), against: server, options: LoadOptions(followUp: .seconds(8))
        ).run()
        #expect(report.counts.lost == 5)
        #expect(report.counts.finished == 45)
        #expect(report.verdict.problems == ["5 lost"])
        try await server.stop()
    }

    @Test("counts accepted jobs that the service no longer knows as lost")
    func forgotten() async throws {
        let server = try await service { _, _ in .reply(404, [:], #"{"error":"unknown job"}"#) }
        let report = try await makeRun(makeProfile(calls: 4, asynchronousShare: 1), against: server).run()
        #expect(report.counts.lost == 4)
        #expect(report.reasons == [.init(text: "accepted job is unknown: status 404", count: 4)])
        try await server.stop()
    }

    @Test("tells failed, expired and cancelled jobs apart")
    func endings() async throws {
        let server = try await service { job, _ in
            let status = job.hasSuffix("1") ? "failed" : job.hasSuffix("2") ? "expired" : "cancelled"
            return .reply(200, [:], #"{"id":"x","status":"\#(status)","error":"why"}"#)
        }
        let report = try await makeRun(makeProfile(calls: 3, asynchronousShare: 1), against: server).run()
        #expect(report.counts.failed == 2)
        #expect(report.counts.expired == 1)
        #expect(Set(report.reasons.map(\.text)) == ["job failed: why", "job cancelled: why"])
        try await server.stop()
    }

    @Test("finds a second finished job for one key")
    func twoJobs() async throws {
        let server = try await service(job: { key, submits in "\(key).\(submits)" }) { _, _ in
            .reply(200, [:], v2Answer(argmax: 2))
        }
        let report = try await makeRun(
            makeProfile(calls: 6, asynchronousShare: 1, resubmittedShare: 1), against: server
        ).run()
        #expect(report.counts.duplicated == 6)
        #expect(report.counts.resubmitted == 6)
        #expect(report.verdict.problems == ["6 duplicated"])
        try await server.stop()
    }

    @Test("finds two different answers for one key")
    func twoAnswers() async throws {
        let server = try await service { _, questions in
            .reply(200, [:], questions == 1 ? v2Answer(argmax: 2) : v2Answer(argmax: 3))
        }
        let report = try await makeRun(
            makeProfile(calls: 6, asynchronousShare: 1, resubmittedShare: 1), against: server
        ).run()
        #expect(report.counts.duplicated == 6)
        try await server.stop()
    }

    @Test("is content when the second submit leads to the same job and answer")
    func audited() async throws {
        let server = try await service { _, _ in .reply(200, [:], v2Answer(argmax: 2)) }
        let report = try await makeRun(
            makeProfile(calls: 6, asynchronousShare: 1, resubmittedShare: 1), against: server
        ).run()
        #expect(report.counts.finished == 6)
        #expect(report.counts.resubmitted == 6)
        #expect(report.verdict.isOK)
        try await server.stop()
    }

    @Test("follows the job of a synchronous call that timed out")
    func synchronousTimeout() async throws {
        let server = try await StubServer {
            { request in
                request.method == .POST
                    ? .reply(504, ["Location": "/v2/jobs/a"], #"{"error":"Request timeout expired"}"#)
                    : .reply(200, [:], v2Answer(argmax: 2))
            }
        }
        let report = try await makeRun(makeProfile(calls: 3), against: server).run()
        #expect(report.counts.accepted == 3)
        #expect(report.counts.finished == 3)
        try await server.stop()
    }

    @Test("follows more jobs than it has connections for")
    func fewFollowers() async throws {
        let server = try await service { _, _ in .reply(200, [:], v2Answer(argmax: 2), after: .milliseconds(10)) }
        let report = try await makeRun(
            makeProfile(asynchronousShare: 1), against: server,
            options: LoadOptions(maximumConnections: 4, maximumFollowers: 2)
        ).run()
        #expect(report.counts.finished == 50)
        try await server.stop()
    }
}
