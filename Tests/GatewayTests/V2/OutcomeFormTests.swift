import HTTPTypes
import Jobs
import NIOCore
import Tensors
import TestSupport
import TestKit
import Testing
import Time

@testable import Gateway

/// Outcomes that JSON can say and cannot, and the ways to get them.
@Suite struct OutcomeFormTests {
    private static let binary: HTTPFields = [.accept: "application/octet-stream"]

    private static func signature(_ type: ElementType) -> ModelSignature {
        ModelSignature(
            inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 3])],
            outputs: [TensorSpecification(name: "y", elementType: type, shape: [-1])], maximumBatchSize: 64)
    }

    private static func output(_ type: ElementType, _ bytes: [UInt8], count: Int = 1) -> Outcome.Ending {
        .finished([Tensor(name: "y", elementType: type, shape: [count], bytes: ByteBuffer(bytes: bytes))])
    }

    private static let noText = output(.bytes, [1, 0, 0, 0, 0xFF])

    @Test("an outcome that JSON cannot say is had in binary, by header or by query")
    func binaryOnRequest() async throws {
        let gateway = try GatewayHarness(signature: Self.signature(.bytes))
        let name = try gateway.ticket(await gateway.submit())
        try await gateway.settle(gateway.take(), Self.noText)
        let refused = await gateway.send(.get, "/v2/jobs/\(name)")
        #expect(refused.status == .notAcceptable)
        #expect(refused.jobStatus == "finished")
        #expect(refused.error.contains("binary_data_output=true") && refused.error.contains("application/octet-stream"))
        for (query, headers) in [("", Self.binary), ("?binary_data_output=true", [:]), ("?binary_data=1", [:])] {
            let reply = await gateway.send(.get, "/v2/jobs/\(name)\(query)", headers)
            #expect(reply.status == .ok)
            #expect(reply.headers[.contentType] == "application/octet-stream")
            let length = try #require(reply.headers[.inferenceHeaderContentLength].flatMap { Int($0) })
            #expect(Array(reply.body.readableBytesView.dropFirst(length)) == [1, 0, 0, 0, 0xFF])
            #expect(reply.headers[.cacheControl] == "no-store")
            #expect(reply.headers[.vary] == "Accept")
        }
        let deleted = await gateway.send(.delete, "/v2/jobs/\(name)")
        #expect(deleted.status == .ok)
        #expect(try deleted.document["status"] as? String == "finished")
    }

    @Test("the outcome of a synchronous call that JSON cannot say is kept as long as any other")
    func keepsInexpressible() async throws {
        let gateway = try GatewayHarness(signature: Self.signature(.bytes))
        let refused = try await gateway.serving {
            async let reply = gateway.infer()
            try await gateway.settle(gateway.take(), Self.noText)
            return await reply
        }
        #expect(refused.status == .badRequest)
        #expect(refused.error.contains("it is kept"))
        gateway.clock.advance(by: .seconds(300))
        let reply = await gateway.send(.get, "/v2/jobs/\(try gateway.ticket(refused))", Self.binary)
        #expect(reply.status == .ok)
    }

    @Test("the form of an outcome can be changed both ways")
    func changesForm() async throws {
        let gateway = try GatewayHarness(signature: Self.signature(.uint8))
        let body = #"{"parameters":{"binary_data_output":true},"# + GatewayHarness.row.dropFirst()
        let name = try gateway.ticket(await gateway.submit([:], body))
        try await gateway.settle(gateway.take(), Self.output(.uint8, [7]))
        let asked = await gateway.send(.get, "/v2/jobs/\(name)")
        #expect(asked.headers[.contentType] == "application/octet-stream")
        for (query, accept) in [("", "application/json"), ("?binary_data_output=false", "*/*")] {
            let reply = await gateway.send(.get, "/v2/jobs/\(name)\(query)", [.accept: accept])
            #expect(reply.headers[.contentType] == "application/json")
            #expect(String(buffer: reply.body).contains(#""data":[7]"#))
        }
        let any = await gateway.send(.get, "/v2/jobs/\(name)", [.accept: "text/html, */*;q=0.8"])
        #expect(any.headers[.contentType] == "application/octet-stream")
    }

    @Test("NaN and the infinities are strings in JSON, and costs nobody the other rows")
    func namesNotANumber() async throws {
        let gateway = try GatewayHarness(signature: Self.signature(.float32))
        let name = try gateway.ticket(await gateway.submit())
        let values: [Float] = [1.5, .nan, .infinity, -.infinity]
        let bytes = values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        try await gateway.settle(gateway.take(), Self.output(.float32, bytes, count: 4))
        let reply = await gateway.send(.get, "/v2/jobs/\(name)")
        #expect(reply.status == .ok)
        #expect(String(buffer: reply.body).contains(#""data":[1.5,"NaN","Infinity","-Infinity"]"#))
        #expect(try reply.document["outputs"] != nil)
    }

    @Test("what can never be written in the form asked for is refused before it is computed", arguments: [true, false])
    func refusesAtSubmit(isAsynchronous: Bool) async throws {
        for type in [ElementType.float16, .bfloat16] {
            let gateway = try GatewayHarness(signature: Self.signature(type))
            let reply = isAsynchronous ? await gateway.submit() : await gateway.infer()
            #expect(reply.status == .badRequest)
            #expect(reply.error.contains("is \(type.name), which JSON cannot express"))
            #expect(reply.error.contains("binary_data_output"))
            let classes =
                #"{"outputs":[{"name":"y","parameters":{"classification":1}}],"# + GatewayHarness.row.dropFirst()
            #expect(await gateway.infer([:], classes).error.contains("cannot be classified"))
            #expect(try await gateway.queue.depth(of: gateway.name).total == 0)
            // Each way to ask for binary is taken.
            let ways: [(HTTPFields, String)] = [
                (Self.binary, GatewayHarness.row),
                ([:], #"{"parameters":{"binary_data_output":true},"# + GatewayHarness.row.dropFirst()),
                (
                    [:],
                    #"{"outputs":[{"name":"y","parameters":{"binary_data":true}}],"# + GatewayHarness.row.dropFirst()
                ),
            ]
            for (headers, body) in ways {
                let name = try gateway.ticket(await gateway.submit(headers, body))
                try await gateway.settle(gateway.take(), Self.output(type, [0, 0x3C]))
                let outcome = await gateway.send(.get, "/v2/jobs/\(name)")
                #expect(outcome.status == .ok)
                #expect(outcome.headers[.contentType] == "application/octet-stream")
            }
        }
    }

    @Test("a synchronous answer that JSON cannot say is the caller's error, and the outcome is kept")
    func synchronous() async throws {
        let gateway = try GatewayHarness(signature: Self.signature(.bytes))
        try await gateway.serving {
            async let pending = gateway.infer()
            try await gateway.settle(gateway.take(), Self.noText)
            let reply = await pending
            #expect(reply.status == .badRequest)
            let location = try #require(reply.headers[.location])
            #expect(await gateway.send(.get, location, Self.binary).status == .ok)

            async let second = gateway.infer(Self.binary)
            try await gateway.settle(gateway.take(), Self.noText)
            #expect(await second.headers[.contentType] == "application/octet-stream")
        }
    }

    @Test(
        "a wait is written as in the configuration, or in seconds",
        arguments: [
            ("20s", 20_000), ("500ms", 500), ("1m", 60_000), ("1h", 3_600_000), ("1.5s", 1_500), ("5", 5_000), ("0", 0),
            ("24h", 86_400_000), ("25h", nil), ("-1s", nil), ("soon", nil), ("", nil), ("1e9", nil),
        ] as [(String, Int?)])
    func waits(text: String, milliseconds: Int?) {
        #expect(JobQuery.duration(Substring(text)) == milliseconds.map { .milliseconds($0) })
    }

    @Test("a slip in the query of a job is an error")
    func refusesUnknownQuery() async throws {
        let gateway = try GatewayHarness()
        let name = try gateway.ticket(await gateway.submit())
        let reply = await gateway.send(.get, "/v2/jobs/\(name)?wiat=20s")
        #expect(reply.status == .badRequest)
        #expect(reply.error.contains("did you mean 'wait'?"))
        #expect(await gateway.send(.get, "/v2/jobs/\(name)?wait=x").error.contains("got: x"))
        #expect(await gateway.send(.get, "/v2/jobs/\(name)?binary_data_output=maybe").status == .badRequest)
    }
}
