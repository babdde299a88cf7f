import JSON
import Random
import Testing

@Suite struct JSONParserTests {
    @Test("reads every kind of value")
    func values() throws {
        let text =
            #" {"a": [1, -2.5e3, true, false, null, "x\"\u00e9\ud83d\ude00\n"], "b": {}, "c": 9223372036854775807} "#
        let value = try JSONParser.parse(text.utf8)
        #expect(
            value["a"]
                == .array([.integer(1), .number(-2500), .bool(true), .bool(false), .null, .string("x\"é😀\n")]))
        #expect(value["b"] == .object([]))
        #expect(value["c"] == .integer(.max))
        var written = ""
        value.write(to: &written)
        #expect(try JSONParser.parse(written.utf8) == value)
    }

    @Test(
        "refuses what is not JSON, and says where",
        arguments: [
            ("", 0), ("{", 1), (#"{"a" 1}"#, 5), ("[1,]", 3), ("[1 2]", 3), ("01", 0), ("1.", 0), ("-", 0), ("nul", 0),
            (#""\x""#, 2), (#""abc"#, 4), ("1 2", 2), ("1e999", 0), ("+1", 0),
        ])
    func refuses(text: String, offset: Int) {
        do throws(JSONParser.Problem) {
            _ = try JSONParser.parse(text.utf8)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.offset == offset, "\(text): \(error)")
        }
    }

    @Test("refuses documents that are nested too deep")
    func depth() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(deep.utf8) }
    }

    @Test("never traps on bytes that are changed at random")
    func fuzz() {
        let text = Array(#"{"a": [1, -2.5e3, true, null, "x\u00e9\ud83d\ude00"], "b": {"c": "d"}}"#.utf8)
        var generator = SeededGenerator(seed: 12)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = text
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if (try? JSONParser.parse(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))) != nil {
                read += 1
            }
        }
        #expect(read < 20_000)
    }
}
