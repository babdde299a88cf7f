import Jobs
import NIOCore
import Random
import Tensors
import Testing
import Time

/// Jobs and outcomes that the wire tests share, fixed ones for the golden bytes and random ones for properties.
enum WireSamples {
    static func queue() throws -> QueueName { try #require(QueueName(model: "digits", version: "1")) }

    /// Hexadecimal text, white space ignored.
    static func bytes(_ hexadecimal: String) throws -> ByteBuffer {
        let digits = hexadecimal.filter { !$0.isWhitespace }
        var buffer = ByteBuffer()
        var index = digits.startIndex
        while index < digits.endIndex {
            let next = digits.index(index, offsetBy: 2)
            buffer.writeInteger(try #require(UInt8(digits[index..<next], radix: 16)))
            index = next
        }
        return buffer
    }

    static func tensors() -> [Tensor] {
        var floats = ByteBuffer()
        for value in [Float(1), -2] { floats.writeInteger(value.bitPattern, endianness: .little) }
        var text = ByteBuffer()
        text.writeInteger(UInt32(2), endianness: .little)
        text.writeString("ab")
        return [
            Tensor(name: "x", elementType: .float32, shape: [1, 2], bytes: floats),
            Tensor(name: "s", elementType: .bytes, shape: [1], bytes: text),
        ]
    }

    static func job(_ random: inout SeededGenerator) throws -> Job {
        Job(
            queue: try queue(), priority: .high,
            tenant: Bool.random(using: &random) ? text(&random) : nil, submitted: time(&random),
            deadline: Bool.random(using: &random) ? time(&random) : nil,
            replyTo: Bool.random(using: &random)
                ? ReplyAddress(gateway: text(&random), token: random.next()) : nil,
            retention: .microseconds(Int64.random(in: 0...1_000_000_000_000, using: &random)),
            echo: block(&random), inputs: tensors(&random),
            requestedOutputs: (0..<Int.random(in: 0...3, using: &random)).map { _ in text(&random) })
    }

    static func outcome(_ random: inout SeededGenerator) throws -> Outcome {
        let ending: Outcome.Ending
        switch Int.random(in: 0..<4, using: &random) {
        case 0: ending = .finished(tensors(&random))
        case 1:
            let code = try #require(JobFailure.Code.allCases.randomElement(using: &random))
            ending = .failed(
                JobFailure(code: code, message: text(&random), attempts: .random(in: 1...9, using: &random)))
        case 2: ending = .expired
        default: ending = .cancelled(reason: text(&random))
        }
        let entry = EntryID(milliseconds: random.next(), sequence: random.next())
        return Outcome(
            id: JobID(queue: try queue(), priority: .low, entry: entry),
            replyTo: Bool.random(using: &random) ? ReplyAddress(gateway: text(&random), token: random.next()) : nil,
            echo: block(&random), ending: ending,
            run: RunRecord(
                submitted: time(&random), settled: time(&random), queueWait: .microseconds(time(&random).microseconds),
                batchWait: .microseconds(3), compute: .microseconds(-1),
                batchRows: .random(in: 0...4_096, using: &random),
                worker: text(&random), attempt: .random(in: 1...9, using: &random)))
    }

    private static func tensors(_ random: inout SeededGenerator) -> [Tensor] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
            Tensor(
                name: text(&random), elementType: ElementType.allCases.randomElement(using: &random) ?? .bool,
                shape: Shape(
                    (0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0...9, using: &random) }),
                bytes: block(&random))
        }
    }

    private static func time(_ random: inout SeededGenerator) -> Timestamp {
        Timestamp(microseconds: Int64.random(in: .min ... .max, using: &random))
    }

    private static func block(_ random: inout SeededGenerator) -> ByteBuffer {
        ByteBuffer(
            bytes: (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        String((0..<Int.random(in: 0...12, using: &random)).map { _ in "aZ9-é😀".randomElement(using: &random) ?? "a" })
    }
}
