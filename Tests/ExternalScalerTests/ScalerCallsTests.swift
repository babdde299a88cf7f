import GRPCCore
import SwiftProtobuf
import TestKit
import TestSupport
import Testing
import Time

@testable import ExternalScaler

@Suite struct ScalerCallsTests {
    private let clock = ManualClock(Timestamp(microseconds: 1_000_000_000))
    private let board: DesiredCountBoard
    private let calls: ScalerCalls

    init() {
        board = DesiredCountBoard(pools: ["cpu", "gpu"], time: clock, staleAfter: .seconds(10))
        calls = ScalerCalls(board: board)
    }

    private func publish(_ count: Int, pool: String = "cpu") {
        board.publish([DesiredCount(pool: pool, count: count, at: clock.now())])
    }

    private func object(_ metadata: [String: String] = ["pool": "cpu"]) -> Externalscaler_ScaledObjectRef {
        .with { $0.scalerMetadata = metadata }
    }

    private func context(
        _ cancellation: ServerContext.RPCCancellationHandle = ServerContext.RPCCancellationHandle()
    ) -> ServerContext {
        ServerContext(
            descriptor: MethodDescriptor(fullyQualifiedService: "externalscaler.ExternalScaler", method: "IsActive"),
            remotePeer: "test", localPeer: "test", cancellation: cancellation)
    }

    // MARK: Values

    @Test("the metric is the wanted count and its target is 1, in both fields", arguments: [0, 1, 11, 10_000])
    func metric(count: Int) async throws {
        publish(count)
        let spec = try await calls.getMetricSpec(request: object(), context: context())
        #expect(spec.metricSpecs.map(\.metricName) == ["spate-workers-cpu"])
        #expect(spec.metricSpecs.map(\.targetSize) == [1])
        #expect(spec.metricSpecs.map(\.targetSizeFloat) == [1])
        let values = try await calls.getMetrics(
            request: .with {
                $0.scaledObjectRef = object()
                $0.metricName = "spate-workers-cpu"
            }, context: context()
        ).metricValues
        #expect(values.map(\.metricName) == ["spate-workers-cpu"])
        #expect(values.map(\.metricValue) == [Int64(count)])
        #expect(values.map(\.metricValueFloat) == [Double(count)])
        #expect(try await calls.isActive(request: object(), context: context()).result == (count > 0))
    }

    @Test("a pool can be active with no worker wanted yet")
    func activeAtZero() async throws {
        board.publish([DesiredCount(pool: "cpu", count: 0, isActive: true, at: clock.now())])
        #expect(try await calls.isActive(request: object(), context: context()).result)
    }

    @Test("the spec is there before the first decision; the value is not")
    func beforeFirstDecision() async throws {
        #expect(try await calls.getMetricSpec(request: object(), context: context()).metricSpecs.count == 1)
        let error = await #expect(throws: RPCError.self) {
            try await calls.isActive(request: object(), context: context())
        }
        #expect(error?.code == .unavailable)
    }

    // MARK: Refusals

    @Test("an unknown pool is refused with a list of the known ones", arguments: [["pool": "tpu"], [:]])
    func unknownPool(metadata: [String: String]) async throws {
        publish(3)
        let error = await #expect(throws: RPCError.self) {
            try await calls.isActive(request: object(metadata), context: context())
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("the pools cpu, gpu") == true)
    }

    @Test("a metric of another name is refused, and an absent name is not")
    func metricName() async throws {
        publish(3)
        var request = Externalscaler_GetMetricsRequest.with { $0.scaledObjectRef = object() }
        #expect(try await calls.getMetrics(request: request, context: context()).metricValues.count == 1)
        request.metricName = "spate-workers-gpu"
        let error = await #expect(throws: RPCError.self) {
            try await calls.getMetrics(request: request, context: context())
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("spate-workers-cpu") == true)
    }

    @Test("old data is unavailable, never 0")
    func staleData() async throws {
        publish(3)
        clock.advance(by: .seconds(11))
        let error = await #expect(throws: RPCError.self) {
            try await calls.getMetrics(request: .with { $0.scaledObjectRef = object() }, context: context())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("11.0 s old") == true)
    }

    @Test("what a caller named is quoted short and printable")
    func quoted() async throws {
        let name = "\u{1B}[31m" + String(repeating: "x", count: 10_000)
        let error = await #expect(throws: RPCError.self) {
            try await calls.isActive(request: object(["pool": name]), context: context())
        }
        #expect(error.map { $0.message.count < 300 && !$0.message.contains("\u{1B}") } == true)
    }

    // MARK: Streams

    @Test("a stream says whether the pool is active now, and then every change")
    func push() async throws {
        publish(0)
        let (sent, writer) = Collector<Externalscaler_IsActiveResponse>.make()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await calls.streamIsActive(request: object(), response: writer, context: context()) }
            var iterator = sent.makeAsyncIterator()
            #expect(await iterator.next()?.result == false)
            publish(4)
            #expect(await iterator.next()?.result == true)
            publish(5)  // Still active: nothing to say.
            publish(0)
            #expect(await iterator.next()?.result == false)
            board.close()
            let error = await #expect(throws: RPCError.self) { try await group.waitForAll() }
            #expect(error?.code == .unavailable)
        }
        #expect(board.openStreams == 0)
    }

    @Test("a stream ends as unavailable when there is nothing fresh to tell")
    func stalePush() async throws {
        publish(1)
        let (sent, writer) = Collector<Externalscaler_IsActiveResponse>.make()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await calls.streamIsActive(request: object(), response: writer, context: context()) }
            var iterator = sent.makeAsyncIterator()
            #expect(await iterator.next()?.result == true)
            clock.advance(by: .seconds(11))
            board.endStaleStreams()
            let error = await #expect(throws: RPCError.self) { try await group.waitForAll() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a stream whose caller goes away ends and is forgotten")
    func cancelledPush() async throws {
        publish(1)
        let (sent, writer) = Collector<Externalscaler_IsActiveResponse>.make()
        try await withServerContextRPCCancellationHandle { handle in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await calls.streamIsActive(request: object(), response: writer, context: context(handle))
                }
                var iterator = sent.makeAsyncIterator()
                #expect(await iterator.next()?.result == true)
                #expect(board.openStreams == 1)
                handle.cancel()
                try await group.waitForAll()
            }
        }
        #expect(board.openStreams == 0)
    }

    @Test("the stream of specs sends them on opening, as GetMetricSpec does")
    func specStream() async throws {
        let (sent, writer) = Collector<Externalscaler_GetMetricSpecResponse>.make()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await calls.streamMetricSpec(request: object(), response: writer, context: context()) }
            var iterator = sent.makeAsyncIterator()
            let asked = try await calls.getMetricSpec(request: object(), context: context())
            #expect(await iterator.next() == asked)
            board.close()
            await #expect(throws: RPCError.self) { try await group.waitForAll() }
        }
    }
}

/// Takes what a call writes.
private struct Collector<Element: Sendable>: RPCWriterProtocol {
    private let continuation: AsyncStream<Element>.Continuation

    static func make() -> (AsyncStream<Element>, RPCWriter<Element>) {
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self)
        return (stream, RPCWriter(wrapping: Collector(continuation: continuation)))
    }

    func write(_ element: Element) async throws { continuation.yield(element) }

    func write(contentsOf elements: some Sequence<Element>) async throws {
        for element in elements { continuation.yield(element) }
    }
}
