import Jobs
import NIOCore
import Random
import Tensors
import Testing
import TestKit
import Time
import Wire

@Suite struct OutcomeWireTests {
    private static let head =
        "1300 6469676974732e312e6e6f726d616c2e352d30"  // digits.1.normal.5-0
        + "0200 6731 8877665544332211"  // reply address
        + "0200 eeff"  // echo
        + "0100000000000000 0200000000000000"  // submitted, settled
        + "0300000000000000 0400000000000000 0500000000000000"  // queue wait, batch wait, compute
        + "08000000 02000000 0100 77"  // batch rows, attempt, worker

    private static let endings: [(name: String, ending: Outcome.Ending, code: String, tail: String)] = [
        (
            "finished", .finished(WireSamples.tensors()), "01",
            "0200 0100 78 0b 02 0100000000000000 0200000000000000 0800000000000000"
                + "0100 73 0d 01 0100000000000000 0600000000000000 0000803f 000000c0 02000000 6162"
        ),
        ("failed", .failed(JobFailure(code: .poison, message: "no", attempts: 3)), "02", "03 03000000 0200 6e6f"),
        ("expired", .expired, "03", ""),
        ("cancelled", .cancelled(reason: "why"), "04", "0300 776879"),
    ]

    private func outcome(_ ending: Outcome.Ending) throws -> Outcome {
        Outcome(
            id: JobID(
                queue: try WireSamples.queue(), priority: .normal, entry: EntryID(milliseconds: 5, sequence: 0)),
            replyTo: ReplyAddress(gateway: "g1", token: 0x1122_3344_5566_7788),
            echo: ByteBuffer(bytes: [0xEE, 0xFF]), ending: ending,
            run: RunRecord(
                submitted: Timestamp(microseconds: 1), settled: Timestamp(microseconds: 2),
                queueWait: .microseconds(3), batchWait: .microseconds(4), compute: .microseconds(5), batchRows: 8,
                worker: "w", attempt: 2))
    }

    @Test("writes and reads the bytes of format 1, which no change may alter", arguments: endings.indices)
    func keepsFormat(row: Int) throws {
        let (name, ending, code, tail) = Self.endings[row]
        let golden = try WireSamples.bytes("01 \(code) 04" + Self.head + tail)
        var buffer = ByteBuffer()
        try OutcomeWire.encode(try outcome(ending), into: &buffer)
        #expect(buffer == golden, "\(name): \(buffer.hexDump(format: .compact))")
        #expect(try OutcomeWire.decode(golden) == (try outcome(ending)))
        for length in 0..<golden.readableBytes {
            let part = try #require(golden.getSlice(at: 0, length: length))
            #expect(throws: WireError.self, "\(name), \(length) bytes") { try OutcomeWire.decode(part) }
        }
    }

    @Test("keeps the codes of failures, which are on the wire")
    func keepsFailureCodes() {
        #expect(JobFailure.Code.allCases.map(\.rawValue) == [1, 2, 3, 4])
        #expect(JobFailure.Code.allCases == [.invalidInput, .backend, .poison, .internal])
    }

    @Test("reads back any outcome as it was")
    func roundTrips() throws {
        var random = SeededGenerator()
        for _ in 0..<2_000 {
            let outcome = try WireSamples.outcome(&random)
            var buffer = ByteBuffer()
            try OutcomeWire.encode(outcome, into: &buffer)
            #expect(try OutcomeWire.decode(buffer) == outcome, "seed \(random.seed)")
        }
    }

    @Test("cuts a failure's message that is longer than the format holds")
    func cutsLongMessage() throws {
        let message = String(repeating: "x", count: 70_000)
        var buffer = ByteBuffer()
        try OutcomeWire.encode(
            try outcome(.failed(JobFailure(code: .backend, message: message, attempts: 1))), into: &buffer)
        guard case .failed(let failure) = try OutcomeWire.decode(buffer).ending else {
            Issue.record("the ending changed")
            return
        }
        #expect(failure.message == String(repeating: "x", count: 65_535))
    }

    @Test("refuses an outcome with a field that the format cannot hold, by the field's name")
    func refuses() throws {
        var long = try outcome(.finished([]))
        long.run.worker = String(repeating: "w", count: 65_536)
        var deep = WireSamples.tensors()
        deep[0].shape = Shape(Array(repeating: 1, count: 256))
        var many = try outcome(.expired)
        many.run.batchRows = 1 << 32
        var echoing = try outcome(.expired)
        echoing.echo = ByteBuffer(repeating: 0, count: 65_536)
        for (refused, field, size, limit) in [
            (long, "the worker", 65_536, 65_535), (try outcome(.finished(deep)), "the rank of tensor 'x'", 256, 255),
            (many, "the batch size", 1 << 32, Int(UInt32.max)), (echoing, "the echo", 65_536, 65_535),
        ] {
            var buffer = ByteBuffer()
            #expect(throws: WireLimitError(field: field, size: size, limit: limit)) {
                try OutcomeWire.encode(refused, into: &buffer)
            }
        }
    }

    @Test(
        "says what is wrong with a message of another format",
        arguments: [("09", "format 9"), ("0107", "ending 7"), ("010180", "flags"), ("010100 0100 78", "no job id")])
    func namesFault(hexadecimal: String, text: String) throws {
        let error = #expect(throws: WireError.self) { try OutcomeWire.decode(try WireSamples.bytes(hexadecimal)) }
        #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }

    @Test("never traps on corrupted bytes; what it reads it writes again")
    func survivesCorruption() throws {
        var random = SeededGenerator()
        var read = 0
        for _ in 0..<20_000 {
            var buffer = ByteBuffer()
            try OutcomeWire.encode(try WireSamples.outcome(&random), into: &buffer)
            corrupt(&buffer, &random)
            guard let found = try? OutcomeWire.decode(buffer) else { continue }
            read += 1
            var again = ByteBuffer()
            try OutcomeWire.encode(found, into: &again)
            #expect(try OutcomeWire.decode(again) == found, "seed \(random.seed)")
        }
        #expect(read > 0, "every corruption was refused; seed \(random.seed)")
    }
}
