import COnnxRuntime
import Jobs
import NIOCore
import Tensors
import Testing
import Time
import Wire

@testable import Inference
@testable import RedisClient

/// How often a tensor's bytes are copied between the socket of a worker and the runtime.
@Suite struct PayloadCopiesTests {
    /// Where the bytes of each stage lie.
    private typealias Place = Range<Int>

    private func place(_ bytes: UnsafeRawBufferPointer) -> Place {
        let start = Int(bitPattern: bytes.baseAddress)
        return start..<(start + bytes.count)
    }

    private func place(_ buffer: ByteBuffer) -> Place { buffer.withUnsafeReadableBytes { place($0) } }

    /// What Redis answers to a take: one entry of one stream with one job.
    private func reply(_ job: Job) throws -> ByteBuffer {
        var payload = ByteBuffer()
        try JobWire.encode(job, into: &payload)
        var reply = ByteBuffer(
            string: "*1\r\n*2\r\n$4\r\nlane\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\nj\r\n$\(payload.readableBytes)\r\n")
        reply.writeImmutableBuffer(payload)
        reply.writeString("\r\n")
        return reply
    }

    private func payload(in value: RedisValue) throws -> ByteBuffer {
        let entry = try #require(value.array?.first?.array?.last?.array?.first?.array?.last?.array)
        return try #require(entry.last?.bytes)
    }

    private func makeJob(_ number: UInt8) throws -> Job {
        Job(
            queue: try #require(QueueName(model: "m", version: "1")), submitted: .zero, retention: .seconds(1),
            inputs: [
                Tensor(
                    name: "x", elementType: .float64, shape: [1, 1_024],
                    bytes: ByteBuffer(repeating: number, count: 8_192)
                )
            ])
    }

    /// The tensors of one job, and where its bytes lay on the way: reply, record, tensor.
    private func receive(_ job: Job, parts length: Int) throws -> (tensors: [Tensor], stages: [Place]) {
        var socket = try reply(job)
        let parser = try #require(ReplyParser())
        var values: [RedisValue] = []
        while let part = socket.readSlice(length: min(length, socket.readableBytes)), part.readableBytes > 0 {
            try parser.feed(part) { values.append($0) }
        }
        let record = try payload(in: try #require(values.first))
        let read = try JobWire.decode(record, queue: job.queue, priority: .normal)
        #expect(read == job)
        return (read.inputs, [place(record), place(try #require(read.inputs.first).bytes)])
    }

    /// Whether what lies at `inner` is a part of what lies at `outer`: no copy between the two.
    private func isPart(_ inner: Place, of outer: Place) -> Bool {
        outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
    }

    @Test(
        "a batch of one is copied once, from the bytes of the socket into the reply, and the runtime reads it there",
        arguments: [100, 4_096, 65_536])
    func one(length: Int) throws {
        let received = try receive(try makeJob(7), parts: length)
        let joined = try TensorBatch.join([received.tensors])
        let runtime = RunInputs.with(joined) { inputs in
            inputs.map { place(UnsafeRawBufferPointer(start: $0.bytes, count: $0.size)) }
        }
        #expect(isPart(received.stages[1], of: received.stages[0]), "the tensor is a slice of the record")
        #expect(runtime == [received.stages[1]], "and the runtime reads it in place")
        #expect(runtime.allSatisfy { $0.lowerBound % 64 == 0 })
    }

    @Test("a batch of several is copied once more, when their rows are joined")
    func several() throws {
        let received = try (1...3).map { try receive(try makeJob($0), parts: 65_536) }
        let joined = try TensorBatch.join(received.map(\.tensors))
        let batch = try #require(joined.first)
        let runtime = RunInputs.with(joined) { inputs in
            inputs.map { place(UnsafeRawBufferPointer(start: $0.bytes, count: $0.size)) }
        }
        #expect(runtime == [place(batch.bytes)])
        #expect(received.allSatisfy { !isPart($0.stages[1], of: place(batch.bytes)) })
        #expect(batch.bytes.readableBytes == 3 * 8_192)
    }
}
