import NIOCore
import Random
import TestKit
import Testing

@testable import RedisClient

@Suite struct ReplyParserTests {
    /// Feeds the parts one after another.
    private func parse(_ parts: [ByteBuffer], limits: ReplyParser.Limits = .init()) throws -> [RedisValue] {
        let parser = try #require(ReplyParser(limits: limits))
        var replies: [RedisValue] = []
        for part in parts { try parser.feed(part) { replies.append($0) } }
        return replies
    }

    private func parse(_ text: String, limits: ReplyParser.Limits = .init()) throws -> [RedisValue] {
        try parse([ByteBuffer(string: text)], limits: limits)
    }

    @Test(
        "reads every kind of reply",
        arguments: [
            ("+OK\r\n", RedisValue.simple("OK")), ("-ERR no\r\n", .error("ERR no")), (":-5\r\n", .integer(-5)),
            (":9223372036854775807\r\n", .integer(.max)), ("$3\r\na\r\n\r\n", .bulk(ByteBuffer(string: "a\r\n"))),
            ("$0\r\n\r\n", .bulk(ByteBuffer())), ("$-1\r\n", .null), ("*-1\r\n", .null), ("*0\r\n", .array([])),
            ("*2\r\n*1\r\n:1\r\n*0\r\n", .array([.array([.integer(1)]), .array([])])),
            ("*2\r\n*-1\r\n$-1\r\n", .array([.null, .null])),
        ])
    func reads(text: String, reply: RedisValue) throws {
        #expect(try parse(text) == [reply])
    }

    @Test("reads several replies of one piece, in order")
    func readsPipelinedReplies() throws {
        #expect(try parse("+a\r\n:2\r\n$1\r\nc\r\n") == [.simple("a"), .integer(2), .bulk(ByteBuffer(string: "c"))])
    }

    @Test("random replies come out as they went in, however the bytes are cut")
    func survivesAnyCut() throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        for _ in 0..<50 {
            let replies = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                randomReply(depth: 0, using: &generator)
            }
            var wire = ByteBuffer()
            for reply in replies { wire.write(reply) }
            var parts: [ByteBuffer] = []
            let largest = [7, 100, 5_000, 200_000].randomElement(using: &generator) ?? 7
            while wire.readableBytes > 0 {
                let length = min(wire.readableBytes, Int.random(in: 1...largest, using: &generator))
                if let part = wire.readSlice(length: length) { parts.append(part) }
            }
            #expect(try parse(parts) == replies, "seed \(seed)")
        }
    }

    @Test(
        "a large string begins at a multiple of 64 bytes, and a small one at a multiple of 8, however the bytes are cut"
    )
    func aligns() throws {
        let large = ByteBuffer(repeating: 7, count: 8_200)
        let small = ByteBuffer(repeating: 9, count: 200)
        var wire = ByteBuffer()
        wire.write(.array([.bulk(small), .bulk(large), .array([.bulk(small), .bulk(large)])]))
        for cut in [1, 13, 4_000, 70_000] {
            var (rest, parts) = (wire, [ByteBuffer]())
            while let part = rest.readSlice(length: min(cut, rest.readableBytes)), part.readableBytes > 0 {
                parts.append(part)
            }
            let reply = try #require(try parse(parts).first?.array)
            let strings = reply.flatMap { $0.array ?? [$0] }.compactMap(\.bytes)
            #expect(strings == [small, large, small, large])
            for string in strings {
                let address = string.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) }
                #expect(address % (string.readableBytes < 1_024 ? 8 : 64) == 0)
            }
        }
    }

    @Test("a large string that goes on after its length is an error")
    func refusesLongString() throws {
        let error = #expect(throws: RedisError.self) {
            try parse("$2000\r\n" + String(repeating: "a", count: 2_002) + "\r\n")
        }
        #expect(error?.code == .protocolViolation)
    }

    private func randomReply(depth: Int, using generator: inout SeededGenerator) -> RedisValue {
        switch Int.random(in: 0..<(depth < 6 ? 9 : 6), using: &generator) {
        case 0: return .simple("S\(generator.next())")
        case 1: return .error("ERR \(generator.next())")
        case 2: return .integer(Int64(truncatingIfNeeded: generator.next()))
        case 3: return .null
        case 4, 5:
            let length = Int.random(
                in: 0...([3, 1_200, 70_000].randomElement(using: &generator) ?? 3), using: &generator)
            return .bulk(ByteBuffer(repeating: UInt8(truncatingIfNeeded: generator.next()), count: length))
        default:
            let count = Int.random(in: 0...4, using: &generator)
            return .array((0..<count).map { _ in randomReply(depth: depth + 1, using: &generator) })
        }
    }

    @Test(
        "bytes that are no reply are an error",
        arguments: [
            "x", "\0", "\r\n", "HTTP/1.1 400 Bad Request\r\n", ":1a\r\n", ":99999999999999999999\r\n", "$x\r\n",
            "$-2\r\n",
            "*-2\r\n", "*99999999999\r\n", "*x\r\n", "$99999999999999999999\r\n",
            String(repeating: "*1\r\n", count: 10) + ":1\r\n",
        ])
    func refusesWhatIsNoReply(text: String) throws {
        let error = #expect(throws: RedisError.self) { try parse(text) }
        #expect(error?.code == .protocolViolation)
    }

    @Test("random bytes never trap")
    func survivesNoise() throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        let alphabet = Array("*$:+-0123456789\r\n\r\n\r\nab".utf8)
        var refused = 0
        for round in 0..<4_000 {
            let bytes = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
                round.isMultiple(of: 2)
                    ? alphabet.randomElement(using: &generator) ?? 0 : UInt8.random(in: 0...255, using: &generator)
            }
            do {
                _ = try parse([ByteBuffer(bytes: bytes)], limits: ReplyParser.Limits(bytes: 1_000, values: 100))
            } catch {
                let code = (error as? RedisError)?.code
                #expect(code == .protocolViolation || code == .tooLarge, "seed \(seed)")
                refused += 1
            }
        }
        #expect(refused > 2_000, "seed \(seed)")
    }

    @Test(
        "a reply above a limit is refused before it is gathered",
        arguments: [
            "*101\r\n", "*2\r\n*100\r\n", "$1001\r\n" + String(repeating: "a", count: 70_000),
            "*2\r\n$600\r\n" + String(repeating: "a", count: 600) + "\r\n$600\r\n" + String(repeating: "a", count: 602),
            "+" + String(repeating: "a", count: 70_000), "+a\n" + String(repeating: "a", count: 70_000),
            String(repeating: "*50\r\n", count: 3) + String(repeating: "*0\r\n", count: 200),
        ])
    func boundsReplies(text: String) throws {
        let error = #expect(throws: RedisError.self) {
            try parse(text, limits: ReplyParser.Limits(bytes: 1_000, values: 100))
        }
        // A line without an end is no RESP at all.
        #expect(error?.code == (text.hasPrefix("+") ? .protocolViolation : .tooLarge))
    }

    @Test("limits hold for each reply, not for all together")
    func limitsAreForOneReply() throws {
        let reply = "$900\r\n" + String(repeating: "a", count: 900) + "\r\n"
        let replies = try parse(
            String(repeating: reply, count: 200), limits: ReplyParser.Limits(bytes: 1_000, values: 3))
        #expect(replies.count == 200)
    }
}

extension ByteBuffer {
    /// What Redis would send.
    fileprivate mutating func write(_ reply: RedisValue) {
        switch reply {
        case .simple(let text): writeString("+\(text)\r\n")
        case .error(let text): writeString("-\(text)\r\n")
        case .integer(let number): writeString(":\(number)\r\n")
        case .null: writeString("$-1\r\n")
        case .bulk(let bytes):
            writeString("$\(bytes.readableBytes)\r\n")
            writeImmutableBuffer(bytes)
            writeString("\r\n")
        case .array(let values):
            writeString("*\(values.count)\r\n")
            for value in values { write(value) }
        }
    }
}
