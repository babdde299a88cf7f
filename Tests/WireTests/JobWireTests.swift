import Jobs
import NIOCore
import Random
import Tensors
import Testing
import TestKit
import Time
import Wire

@Suite struct JobWireTests {
    private func goldenJob() throws -> Job {
        Job(
            queue: try WireSamples.queue(), priority: .high, tenant: "acme",
            submitted: Timestamp(microseconds: 0x0102_0304_0506_0708),
            deadline: Timestamp(microseconds: 0x0102_0304_0506_0709),
            replyTo: ReplyAddress(gateway: "g1", token: 0x1122_3344_5566_7788), retention: .seconds(60),
            echo: ByteBuffer(bytes: [0xEE, 0xFF]), inputs: WireSamples.tensors(), requestedOutputs: ["y"])
    }

    /// Format 1, whose tensors lie one behind the other.
    private func formerBytes() throws -> ByteBuffer {
        try WireSamples.bytes("01" + Self.head + "0000803f 000000c0 02000000 6162")
    }

    /// Format 2, whose tensors begin at the bytes 128 and 192.
    private func goldenBytes() throws -> ByteBuffer {
        try WireSamples.bytes(
            "02" + Self.head + String(repeating: "00", count: 23) + "0000803f 000000c0"
                + String(repeating: "00", count: 56) + "02000000 6162")
    }

    /// What both formats have behind the version: 104 bytes.
    private static let head =
        "07"  // flags
        + "0807060504030201 0087930300000000 0907060504030201"  // submitted, retention, deadline
        + "0200 6731 8877665544332211"  // reply address
        + "0400 61636d65"  // tenant
        + "0200 eeff"  // echo
        + "0100 0100 79"  // requested outputs
        + "0200"  // tensors
        + "0100 78 0b 02 0100000000000000 0200000000000000 0800000000000000"  // x FP32 [1,2], 8 bytes
        + "0100 73 0d 01 0100000000000000 0600000000000000"  // s BYTES [1], 6 bytes

    @Test("writes the bytes of format 2, which no change may alter")
    func writesGoldenBytes() throws {
        var buffer = ByteBuffer()
        try JobWire.encode(try goldenJob(), into: &buffer)
        #expect(buffer == (try goldenBytes()), "\(buffer.hexDump(format: .compact))")
    }

    @Test("reads the bytes of format 2, and of format 1, which earlier versions wrote")
    func readsGoldenBytes() throws {
        for bytes in [try goldenBytes(), try formerBytes()] {
            let job = try JobWire.decode(bytes, queue: try WireSamples.queue(), priority: .high)
            #expect(job == (try goldenJob()))
        }
    }

    @Test("every tensor begins at a multiple of 64 bytes, wherever the job begins in its buffer")
    func aligns() throws {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let job = try WireSamples.job(&random)
            var buffer = ByteBuffer(repeating: 1, count: Int.random(in: 0...70, using: &random))
            let start = buffer.writerIndex
            try JobWire.encode(job, into: &buffer)
            #expect(buffer.writerIndex - start == (try JobWire.size(of: job)), "seed \(random.seed)")
            buffer.moveReaderIndex(to: start)
            let record = buffer.slice()
            let read = try JobWire.decode(record, queue: job.queue, priority: .high)
            for tensor in read.inputs where tensor.bytes.readableBytes > 0 {
                let offset = record.withUnsafeReadableBytes { whole in
                    tensor.bytes.withUnsafeReadableBytes { part in
                        Int(bitPattern: part.baseAddress) - Int(bitPattern: whole.baseAddress)
                    }
                }
                #expect(offset % 64 == 0, "seed \(random.seed): at \(offset)")
            }
        }
    }

    struct Limit: Sendable, CustomTestStringConvertible {
        var field: String
        var limit: Int
        var change: @Sendable (inout Job, Int) -> Void
        var testDescription: String { field }
    }

    static let limits = [
        Limit(field: "the tenant", limit: 65_535) { $0.tenant = String(repeating: "t", count: $1) },
        Limit(field: "the gateway's name", limit: 65_535) {
            $0.replyTo = ReplyAddress(gateway: String(repeating: "g", count: $1), token: 1)
        },
        Limit(field: "the echo", limit: 65_535) { $0.echo = ByteBuffer(repeating: 7, count: $1) },
        Limit(field: "the number of requested outputs", limit: 65_535) {
            $0.requestedOutputs = Array(repeating: "y", count: $1)
        },
        Limit(field: "the name of a requested output", limit: 65_535) {
            $0.requestedOutputs = [String(repeating: "y", count: $1)]
        },
        Limit(field: "the number of tensors", limit: 65_535) {
            $0.inputs = Array(repeating: $0.inputs[1], count: $1)
        },
        Limit(field: "the name of a tensor", limit: 65_535) { $0.inputs[0].name = String(repeating: "x", count: $1) },
        Limit(field: "the rank of tensor 'x'", limit: 255) {
            $0.inputs[0].shape = Shape(Array(repeating: 1, count: $1))
        },
    ]

    @Test("carries a field up to its limit as it was, and refuses what is longer by name", arguments: limits)
    func refuses(row: Limit) throws {
        for size in [row.limit - 1, row.limit] {
            var job = try goldenJob()
            row.change(&job, size)
            var buffer = ByteBuffer()
            try JobWire.encode(job, into: &buffer)
            #expect(try JobWire.decode(buffer, queue: job.queue, priority: .high) == job)
        }
        for size in [row.limit + 1, row.limit + 2, 70_000, 1 << 17] {
            var job = try goldenJob()
            row.change(&job, size)
            var buffer = ByteBuffer()
            let expected = WireLimitError(field: row.field, size: size, limit: row.limit)
            #expect(throws: expected) { try JobWire.encode(job, into: &buffer) }
            #expect(throws: expected) { try JobWire.size(of: job) }
            #expect(buffer.readableBytes == 0)
        }
    }

    @Test("appends behind what the buffer holds")
    func appends() throws {
        var buffer = ByteBuffer(string: "before")
        try JobWire.encode(try goldenJob(), into: &buffer)
        #expect(buffer.readString(length: 6) == "before")
        #expect(buffer == (try goldenBytes()))
    }

    @Test("cuts the tensors out of the message without copying them")
    func sharesStorage() throws {
        let buffer = try goldenBytes()
        let job = try JobWire.decode(buffer, queue: try WireSamples.queue(), priority: .high)
        #expect(job.inputs.count == 2)
        for tensor in job.inputs {
            let isInside = buffer.withUnsafeReadableBytes { outer in
                tensor.bytes.withUnsafeReadableBytes { inner in
                    guard let start = inner.baseAddress, let low = outer.baseAddress else { return false }
                    return start >= low && start + inner.count <= low + outer.count
                }
            }
            #expect(isInside, "\(tensor.name) was copied")
        }
    }

    @Test("reads back any job as it was")
    func roundTrips() throws {
        var random = SeededGenerator()
        for _ in 0..<2_000 {
            let job = try WireSamples.job(&random)
            var buffer = ByteBuffer()
            try JobWire.encode(job, into: &buffer)
            #expect(try JobWire.decode(buffer, queue: job.queue, priority: .high) == job, "seed \(random.seed)")
        }
    }

    @Test("refuses every message that was cut short, and one that goes on")
    func refusesTruncation() throws {
        let whole = try goldenBytes()
        for length in 0..<whole.readableBytes {
            let part = try #require(whole.getSlice(at: 0, length: length))
            #expect(throws: WireError.self, "\(length) bytes") {
                try JobWire.decode(part, queue: try WireSamples.queue(), priority: .high)
            }
        }
        var longer = whole
        longer.writeInteger(UInt8(0))
        #expect(throws: WireError.self) { try JobWire.decode(longer, queue: try WireSamples.queue(), priority: .high) }
    }

    @Test(
        "says what is wrong with a message of another format",
        arguments: [("03", "format 3"), ("0108", "flags"), ("0208", "flags"), ("", "the version")])
    func namesFault(hexadecimal: String, text: String) throws {
        let error = #expect(throws: WireError.self) {
            try JobWire.decode(try WireSamples.bytes(hexadecimal), queue: try WireSamples.queue(), priority: .low)
        }
        #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }

    @Test("never traps on corrupted bytes; what it reads it writes again")
    func survivesCorruption() throws {
        var random = SeededGenerator()
        var read = 0
        for _ in 0..<20_000 {
            let job = try WireSamples.job(&random)
            var buffer = ByteBuffer()
            try JobWire.encode(job, into: &buffer)
            corrupt(&buffer, &random)
            guard let found = try? JobWire.decode(buffer, queue: job.queue, priority: .high) else { continue }
            read += 1
            var again = ByteBuffer()
            try JobWire.encode(found, into: &again)
            #expect(try JobWire.decode(again, queue: job.queue, priority: .high) == found, "seed \(random.seed)")
        }
        #expect(read > 0, "every corruption was refused: the test does not reach the tensors; seed \(random.seed)")
    }
}

/// Overwrites up to four bytes, with extreme values more often than chance would.
func corrupt(_ buffer: inout ByteBuffer, _ random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<buffer.readableBytes, using: &random)
        let byte = [0, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
        buffer.setInteger(byte, at: index)
    }
    if Int.random(in: 0..<8, using: &random) == 0 {
        buffer.moveWriterIndex(to: Int.random(in: 0...buffer.writerIndex, using: &random))
    }
}
