import HTTPTypes
import Jobs
import NIOCore
import TestSupport
import TestKit
import Testing
import Time

@testable import Gateway

@Suite struct RepositoryIndexTests {
    @Test(
        "reads the body of the request for the index",
        arguments: [
            ("", 200), ("{}", 200), (#"{"ready":true}"#, 200), (#"{"ready":false,"x":[1]}"#, 200), ("garbage", 400),
            (#"{"ready":[["x"]]}"#, 400), ("{} {}", 400), ("[]", 400),
        ])
    func readsBody(body: String, status: Int) async throws {
        let gateway = try GatewayHarness()
        let reply = await gateway.send(.post, "/v2/repository/index", [:], ByteBuffer(string: body))
        #expect(reply.status.code == status, "\(String(buffer: reply.body))")
    }
}

@Suite struct JobRoutesTests {
    @Test("a job has a path of its own, with GET and DELETE")
    func hasPath() async throws {
        #expect(JobRoutes.name(in: "/v2/jobs/x") == "x")
        #expect(JobRoutes.name(in: "/v2/jobs/a%20b") == "a b")
        for path in ["/v2/jobs", "/v2/jobs/a/b", "/v2/models/jobs", "/jobs/x"] {
            #expect(JobRoutes.name(in: path) == nil, "\(path)")
        }
        let reply = try await GatewayHarness().send(.post, "/v2/jobs/x")
        #expect(reply.status == .methodNotAllowed)
        #expect(reply.headers[.allow] == "GET, HEAD, DELETE")
    }

    @Test("a job can be read and cancelled under the name that was given out, and under no other")
    func guessesAreUnknown() async throws {
        let gateway = try GatewayHarness()
        let reply = await gateway.submit()
        #expect(reply.status == .accepted)
        let name = try gateway.ticket(reply)
        #expect(reply.headers[.location] == "/v2/jobs/\(name)")
        #expect(try reply.document["id"] as? String == name)
        let parts = name.split(separator: ".")
        let id = parts.dropLast().joined(separator: ".")
        for guess in [id, "\(id).\(String(repeating: "0", count: 32))", "\(id).", "m.1.normal.1-0.\(parts[4])"] {
            #expect(await gateway.send(.get, "/v2/jobs/\(guess)").status == .notFound, "\(guess)")
            #expect(await gateway.send(.delete, "/v2/jobs/\(guess)").status == .notFound, "\(guess)")
        }
        #expect(await gateway.send(.get, "/v2/jobs/\(name)").jobStatus == "waiting")
        #expect(try await gateway.queue.depth(of: gateway.name).waiting == 1)
        #expect(await gateway.send(.delete, "/v2/jobs/\(name)").jobStatus == "cancelled")
    }

    @Test("any gateway finds a job that another accepted")
    func sharesNames() async throws {
        let first = try GatewayHarness()
        let second = try GatewayHarness(sharing: first)
        let name = try first.ticket(await first.submit())
        #expect(await second.send(.get, "/v2/jobs/\(name)").jobStatus == "waiting")
    }

    @Test("an accepted job's caller gets its name, whatever happens while he waits")
    func tellsTheName() async throws {
        let gateway = try GatewayHarness()
        async let reply = gateway.submit([.prefer: "wait=20"])
        try await eventually("the job") { try await gateway.queue.depth(of: gateway.name).waiting > 0 }
        gateway.queue.fail(with: QueueError(.unavailable, "away"))
        let accepted = await reply
        gateway.queue.fail(with: nil)
        #expect(accepted.status == .accepted)
        #expect(accepted.jobStatus == "waiting")
        let name = try gateway.ticket(accepted)
        #expect(accepted.headers[.location] == "/v2/jobs/\(name)")
        #expect(await gateway.send(.get, "/v2/jobs/\(name)").jobStatus == "waiting")
    }

    @Test("a job of which the store knows nothing was accepted all the same: it is gone")
    func signedIsGone() async throws {
        let gateway = try GatewayHarness()
        let id = JobID(
            queue: gateway.name, priority: .normal, entry: EntryID(milliseconds: 1_700_000_000_000, sequence: 9))
        let ticket = try await gateway.calls.tickets.signer().ticket(for: id)
        #expect(await gateway.send(.get, ticket.path).status == .gone)
        #expect(await gateway.send(.delete, ticket.path).status == .gone)
    }

    @Test("a job whose outcome is no longer kept is gone, not unknown")
    func tellsGone() async throws {
        let gateway = try GatewayHarness()
        let name = try gateway.ticket(await gateway.submit())
        try await gateway.settle(gateway.take(), .expired)
        gateway.clock.advance(by: .seconds(3_700))
        let reply = await gateway.send(.get, "/v2/jobs/\(name)")
        #expect(reply.status == .gone)
        #expect(reply.error.contains("kept for 10m"))
    }
}
