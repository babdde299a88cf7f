import HTTPTypes
import Jobs
import NIOCore
import Observability
import Settings
import Tensors
import TestSupport
import Testing
import Time

@testable import Gateway

/// What holds for every protocol: who adds one adds a `ProtocolCase`.
@Suite struct ProtocolConformanceTests {
    private static let outputs = Outcome.Ending.finished([
        Tensor(name: "y", elementType: .float32, shape: [1, 2], bytes: ByteBuffer(repeating: 0, count: 8))
    ])

    private func gateway(maximumQueue: Int = 100, maximumBody: Int = 1 << 20) throws -> GatewayHarness {
        try GatewayHarness(
            maximumQueue: maximumQueue, settings: GatewaySettings(maximumBody: maximumBody),
            protocols: ProtocolCase.protocols)
    }

    private func call(
        _ gateway: GatewayHarness, _ spoken: ProtocolCase, _ headers: HTTPFields = [:], model: String = "m",
        numbers: [Int] = [1, 2, 3], timeout: Int? = nil, deadline: Int? = nil, from caller: Caller = Caller()
    ) async -> HTTPReply {
        let body = ByteBuffer(string: spoken.body(numbers, timeout, deadline))
        return await gateway.send(.post, spoken.path(model), headers, body, from: caller)
    }

    private func expect(
        _ reply: HTTPReply, _ situation: Situation, _ spoken: ProtocolCase,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let text = "\(situation): \(reply.status) \(String(buffer: reply.body))"
        #expect(reply.status.code == spoken.statuses[situation], "\(text)", sourceLocation: location)
        #expect(spoken.isError(reply), "\(text)", sourceLocation: location)
    }

    @Test("every protocol of the gateway is tried, in every situation")
    func triesAll() async throws {
        #expect(ProtocolCase.all.map(\.name) == ProtocolCase.protocols.list.map(\.name))
        // An outcome can go between the look for its key and the look for it: nobody brings that about from outside.
        let gateway = try gateway()
        let job = JobID(queue: gateway.name, priority: .normal, entry: EntryID(milliseconds: 1, sequence: 0))
        let ticket = try await gateway.calls.tickets.signer().ticket(for: job)
        for (spoken, proto) in zip(ProtocolCase.all, ProtocolCase.protocols.list) {
            #expect(spoken.statuses.count == Situation.allCases.count)
            expect(proto.reply(to: .gone(ticket)), .gone, spoken)
        }
    }

    @Test(
        "refusals come in the protocol's own form, and nothing of the request is in the queue",
        arguments: ProtocolCase.all)
    func refuses(_ spoken: ProtocolCase) async throws {
        let gateway = try gateway(maximumQueue: 1)
        expect(await call(gateway, spoken, model: "other"), .unknownModel, spoken)
        expect(await call(gateway, spoken, numbers: [1]), .badRequest, spoken)
        expect(await call(gateway, spoken, [.retry: "perhaps"]), .badOption, spoken)
        expect(await call(gateway, spoken, [.idempotencyKey: "a b"]), .badOption, spoken)
        gateway.queue.fail(with: QueueError(.unavailable, "away"))
        expect(await call(gateway, spoken), .queueAway, spoken)
        gateway.queue.fail(with: nil)
        #expect(try await gateway.queue.depth(of: gateway.name).total == 0)
        _ = await call(gateway, spoken, [.prefer: "respond-async"])
        expect(await call(gateway, spoken), .queueFull, spoken)
        let broken = try GatewayHarness(problem: "its file cannot be read", protocols: ProtocolCase.protocols)
        expect(await call(broken, spoken), .cannotServe, spoken)
        let narrow = try self.gateway(maximumBody: 4)
        let reply = await call(narrow, spoken)
        expect(reply, .tooLarge, spoken)
        #expect(reply.closesConnection)
        #expect(narrow.metrics.text.contains(#"protocol="\#(spoken.name)",model="m",status="413"} 1"#))
    }

    @Test("an outcome, and each other end of a job, comes in the protocol's own form", arguments: ProtocolCase.all)
    func answers(_ spoken: ProtocolCase) async throws {
        let gateway = try gateway()
        func failed(_ code: JobFailure.Code) -> Outcome.Ending {
            .failed(JobFailure(code: code, message: "m", attempts: 1))
        }
        let ends: [(Outcome.Ending, Situation)] = [
            (failed(.invalidInput), .invalidInput), (failed(.backend), .backend), (.expired, .expired),
            (.cancelled(reason: "enough"), .cancelled),
        ]
        try await gateway.serving {
            for (ending, situation) in ends {
                async let reply = call(gateway, spoken)
                try await gateway.settle(gateway.take(), ending)
                expect(await reply, situation, spoken)
            }
            async let reply = call(gateway, spoken)
            try await gateway.settle(gateway.take(), Self.outputs)
            #expect(await reply.status == .ok)
            #expect(spoken.isOutcome(await reply))
        }
        #expect(gateway.metrics.text.contains(#"protocol="\#(spoken.name)",model="m",status="200"} 1"#))
        #expect(gateway.calls.waiting == 0)
    }

    @Test("a wait that is over says where the job is, and the job goes on", arguments: ProtocolCase.all)
    func timesOut(_ spoken: ProtocolCase) async throws {
        let gateway = try gateway()
        try await gateway.serving {
            let late = await call(gateway, spoken, deadline: 1)
            expect(late, .late, spoken)
            let reply = await call(gateway, spoken, timeout: 1)
            expect(reply, .timedOut, spoken)
            let name = try gateway.ticket(reply)
            #expect(await gateway.send(.get, "/v2/jobs/\(name)").jobStatus == "waiting")
            for _ in 0..<2 { try await gateway.settle(gateway.take(), Self.outputs) }
            let outcome = await gateway.send(.get, "/v2/jobs/\(name)")
            #expect(spoken.isOutcome(outcome), "\(String(buffer: outcome.body))")
        }
    }

    @Test("a caller who goes takes his job along, unless he can come back for it", arguments: ProtocolCase.all)
    func cancels(_ spoken: ProtocolCase) async throws {
        let gateway = try gateway()
        try await gateway.serving {
            for headers: HTTPFields in [[:], [.idempotencyKey: "k"]] {
                let caller = Caller()
                async let reply = call(gateway, spoken, headers, from: caller)
                let job = try await gateway.take()
                try await eventually("the wait") { gateway.calls.waiting == 1 }
                caller.leave()
                expect(await reply, .disconnected, spoken)
                let state = try await gateway.queue.state(of: job.id)
                if headers.isEmpty {
                    guard case .settled(let outcome) = state, case .cancelled = outcome.ending else {
                        Issue.record("not cancelled: \(state)")
                        continue
                    }
                } else {
                    #expect(state == .running)
                }
            }
        }
    }

    @Test("a job is submitted, found, collected in its protocol's form and cancelled", arguments: ProtocolCase.all)
    func submits(_ spoken: ProtocolCase) async throws {
        let gateway = try gateway()
        let submitted = await call(gateway, spoken, [.prefer: "respond-async"])
        #expect(submitted.status == .accepted)
        #expect(submitted.headers[.preferenceApplied] == "respond-async")
        let path = try #require(submitted.headers[.location])
        #expect(await gateway.send(.get, path).jobStatus == "waiting")
        try await gateway.settle(gateway.take(), Self.outputs)
        // Whichever protocol stands first: the echo says which one it was.
        #expect(spoken.isOutcome(await gateway.send(.get, path)))
        let second = await call(gateway, spoken, [.prefer: "respond-async"])
        #expect(await gateway.send(.delete, try #require(second.headers[.location])).jobStatus == "cancelled")
    }

    @Test("a key makes a repeated submit the same job, whatever becomes of it", arguments: ProtocolCase.all)
    func replays(_ spoken: ProtocolCase) async throws {
        let gateway = try gateway()
        let key: HTTPFields = [.idempotencyKey: "k"]
        let asynchronous: HTTPFields = [.idempotencyKey: "k", .prefer: "respond-async"]
        let first = try gateway.ticket(await call(gateway, spoken, asynchronous))
        #expect(try gateway.ticket(await call(gateway, spoken, asynchronous)) == first)
        expect(await call(gateway, spoken, [.idempotencyKey: "k", .retry: "true"]), .underWay, spoken)
        expect(await call(gateway, spoken, key, numbers: [3, 2, 1]), .conflict, spoken)
        try await gateway.settle(gateway.take(), Self.outputs)
        #expect(spoken.isOutcome(await call(gateway, spoken, key)))
        #expect(try await gateway.queue.depth(of: gateway.name).total == 0)
    }

    @Test("a form that the caller asked for is kept with the job that others may fetch")
    func keepsForm() async throws {
        let gateway = try gateway()
        let loud = ByteBuffer(string: "x: 1 2 3\nstyle: loud")
        let reply = await gateway.send(.post, "/plain/m", [.prefer: "respond-async"], loud)
        try await gateway.settle(gateway.take(), Self.outputs)
        let outcome = await gateway.send(.get, "/v2/jobs/\(try gateway.ticket(reply))")
        #expect(String(buffer: outcome.body) == "Y [1,2]")
    }

    @Test("what a synchronous call says of its form goes with its job only where it says something")
    func keepsSilentFormsAtHome() async throws {
        let gateway = try gateway()
        let named = GatewayHarness.row.replacing(#"{"inputs""#, with: #"{"id":"7","inputs""#)
        let calls: [(String, String, HTTPFields, Bool)] = [
            ("/v2/models/m/infer", GatewayHarness.row, [:], true),
            ("/v2/models/m/infer", named, [:], false),
            ("/v2/models/m/infer", GatewayHarness.row, [.accept: "application/octet-stream"], false),
            ("/v2/models/m/infer", GatewayHarness.row, [.idempotencyKey: "k"], false),
            ("/plain/m", "x: 1 2 3", [:], false),
        ]
        try await gateway.serving {
            for (path, body, headers, isHome) in calls {
                async let reply = gateway.send(.post, path, headers, ByteBuffer(string: body))
                let job = try await gateway.take()
                #expect((job.job.echo.readableBytes == 0) == isHome, "\(path) \(headers)")
                try await gateway.settle(job, Self.outputs)
                #expect(await reply.status == .ok)
            }
        }
    }

    @Test("an outcome of a protocol that this gateway does not know is not taken for another's")
    func refusesUnknownEcho() async throws {
        let gateway = try gateway()
        let name = try gateway.ticket(await gateway.submit())
        var job = try await gateway.take()
        job.job.echo = ByteBuffer(bytes: [99, 0])
        try await gateway.settle(job, Self.outputs)
        let reply = await gateway.send(.get, "/v2/jobs/\(name)")
        #expect(reply.status == .internalServerError)
        #expect(reply.error.contains("another version of the gateway"))
    }
}
