import HTTPTypes
import Jobs
import NIOCore
import Settings
import Tensors
import TestSupport
import Testing
import Time

@testable import Gateway

@Suite struct IdempotencyTests {
    private static let key: HTTPFields = [.idempotencyKey: "k"]
    private static let retry: HTTPFields = [.idempotencyKey: "k", .retry: "true"]
    private static let outputs = [
        Tensor(
            name: "y", elementType: .float32, shape: [1, 2], bytes: ByteBuffer(bytes: [UInt8](repeating: 0, count: 8))),
        Tensor(name: "label", elementType: .int64, shape: [1], bytes: ByteBuffer(integer: 7, endianness: .little)),
    ]

    @Test(
        "a replay says where the job is, whatever became of it",
        arguments: [
            ("finished", .finished(outputs)), ("expired", .expired), ("cancelled", .cancelled(reason: "enough")),
            ("failed", .failed(JobFailure(code: .backend, message: "no luck", attempts: 3))),
        ] as [(String, Outcome.Ending)])
    func tellsState(word: String, ending: Outcome.Ending) async throws {
        let gateway = try GatewayHarness()
        let first = try gateway.ticket(await gateway.submit(Self.key))
        #expect(await gateway.submit(Self.key).jobStatus == "waiting")
        let job = try await gateway.take()
        #expect(await gateway.submit(Self.key).jobStatus == "running")
        try await gateway.settle(job, ending)
        let replay = await gateway.submit(Self.key)
        #expect(replay.status == .accepted)
        #expect(replay.jobStatus == word)
        let document = try replay.document
        #expect(document["status"] as? String == word)
        #expect(document["id"] as? String == first)
        #expect(document["expected_wait_ms"] == nil)
        #expect((document["error"] == nil) == (word == "finished"))
        #expect(replay.headers[.location] == "/v2/jobs/\(first)")
    }

    @Test("a replay brings the outcome where it is asked for")
    func bringsOutcome() async throws {
        let gateway = try GatewayHarness()
        let waiting = await gateway.submit([.idempotencyKey: "k", .prefer: "wait=0"])
        #expect(waiting.status == .accepted)
        #expect(waiting.headers[.preferenceApplied] == "respond-async, wait=0")
        try await gateway.settle(gateway.take(), .finished(Self.outputs))
        let asynchronous = await gateway.submit([.idempotencyKey: "k", .prefer: "wait=5"])
        #expect(asynchronous.status == .ok)
        #expect(try asynchronous.document["outputs"] != nil)
        let synchronous = await gateway.infer(Self.key)
        #expect(synchronous.status == .ok)
        #expect(try synchronous.document["outputs"] != nil)
    }

    @Test("the same request is known again however it is written and however long its caller waits")
    func comparesMeaning() async throws {
        let gateway = try GatewayHarness()
        let first = try gateway.ticket(await gateway.submit(Self.key))
        let bodies = [
            #"{ "inputs" : [ {"shape":[1,3], "data":[[1.0, 2, 3e0]], "datatype":"FP32", "name":"x"} ] }"#,
            #"{"id":"other","inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#,
            #"{"parameters":{"timeout":5000000,"priority":1,"deadline_ms":60000},"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#,
            #"{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#,
        ]
        for body in bodies {
            let reply = await gateway.submit(Self.key, body)
            #expect(try gateway.ticket(reply) == first, "\(body): \(String(buffer: reply.body))")
        }
        let header = #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]}"#
        var binary = ByteBuffer(string: header)
        for number in [Float(1), 2, 3] { binary.writeInteger(number.bitPattern, endianness: .little) }
        let reply = await gateway.send(
            .post, "/v2/models/m/infer",
            [
                .idempotencyKey: "k", .prefer: "respond-async",
                .inferenceHeaderContentLength: String(header.utf8.count),
            ], binary)
        #expect(try gateway.ticket(reply) == first)
        #expect(try await gateway.queue.depth(of: gateway.name).total == 1)
    }

    @Test("another request under a used key is 422 without the job's id, while the first is under way and afterwards")
    func refusesAnotherRequest() async throws {
        let gateway = try GatewayHarness()
        let first = try gateway.ticket(await gateway.submit(Self.key))
        let tag = try #require(first.split(separator: ".").last)
        let others = [
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,4]}]}"#,
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[1,2,3,1,2,3]}]}"#,
            #"{"outputs":[{"name":"y"}],"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#,
        ]
        for body in others { #expect(await gateway.submit(Self.key, body).status.code == 422) }
        try await gateway.settle(gateway.take(), .expired)
        for body in others {
            let reply = await gateway.submit(Self.key, body)
            #expect(reply.status.code == 422)
            #expect(reply.error.contains("another key"))
            let synchronous = await gateway.infer(Self.key, body)
            #expect(synchronous.status.code == 422)
            for reply in [reply, synchronous] {
                #expect(reply.headers[.jobID] == nil && reply.headers[.location] == nil)
                #expect(!reply.error.contains(first) && !reply.error.contains(tag))
            }
            #expect(await gateway.submit(Self.retry, body).status.code == 422)
        }
    }

    @Test("a key's job is run again on purpose once it ended without a result, and only then")
    func retriesOnPurpose() async throws {
        let gateway = try GatewayHarness()
        let first = try gateway.ticket(await gateway.submit(Self.key))
        let early = await gateway.submit(Self.retry)
        #expect(early.status == .conflict)
        #expect(early.headers[.location] == "/v2/jobs/\(first)")
        try await gateway.settle(gateway.take(), .expired)
        #expect(await gateway.submit(Self.key).jobStatus == "expired")
        let second = await gateway.submit(Self.retry)
        #expect(second.status == .accepted)
        #expect(second.jobStatus == "waiting")
        #expect(try gateway.ticket(second) != first)
        #expect(await gateway.send(.get, "/v2/jobs/\(first)").jobStatus == "expired")
        try await gateway.settle(gateway.take(), .finished(Self.outputs))
        let third = await gateway.submit(Self.retry)
        #expect(third.jobStatus == "finished")
        #expect(try gateway.ticket(third) == gateway.ticket(second))
        #expect(await gateway.submit([.retry: "true"]).status == .badRequest)
        #expect(await gateway.submit([.idempotencyKey: "k", .retry: "yes"]).error.contains("true or false"))
    }

    @Test("a job that is there is never refused for a full queue")
    func fullQueue() async throws {
        let gateway = try GatewayHarness(maximumQueue: 3)
        _ = await gateway.submit()
        _ = await gateway.submit()
        let replies = await withTaskGroup(of: HTTPReply.self) { group in
            for _ in 0..<40 { group.addTask { await gateway.submit(Self.key) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(replies.map(\.status)) == [.accepted])
        #expect(Set(replies.compactMap { $0.headers[.jobID] }).count == 1)
        let full = await gateway.submit([.idempotencyKey: "other"])
        #expect(full.status == .tooManyRequests)
        #expect(full.headers[.retryAfter] != nil)
        #expect(await gateway.submit().status == .tooManyRequests)
    }
}
