import NIOCore
import Testing

@testable import RedisClient

@Suite struct ReplyFramingTests {
    /// What the parser gets of `text`, cut into parts of `length`, and the lengths of the large strings.
    private func frame(_ text: String, parts length: Int) -> (passed: String, strings: [Int]) {
        var framing = ReplyFraming(largeFrom: 10)
        var rest = Array(text.utf8)
        var (held, passed): ([UInt8], [UInt8]) = ([], [])
        var strings: [Int] = []
        var skipped = 0
        while !rest.isEmpty || !held.isEmpty {
            if skipped > 0 {
                let count = min(skipped, rest.count)
                rest.removeFirst(count)
                skipped -= count
                continue
            }
            var part = held + rest.prefix(length)
            rest.removeFirst(min(length, rest.count))
            held = []
            inner: while !part.isEmpty {
                switch part.withUnsafeBytes({ framing.next(in: $0) }) {
                case .pass(let count):
                    passed += part.prefix(count)
                    part.removeFirst(count)
                case .string(let header, let length):
                    strings.append(length)
                    part.removeFirst(header)
                    skipped = length + 2
                    rest = part + rest
                    part = []
                case .incomplete:
                    guard !rest.isEmpty else { return (String(decoding: passed, as: UTF8.self), strings) }
                    held = part
                    break inner
                }
            }
        }
        return (String(decoding: passed, as: UTF8.self), strings)
    }

    @Test("the parser gets everything but large strings, however the bytes are cut", arguments: 1...40)
    func passes(length: Int) {
        let small = "*3\r\n$3\r\n$9\n\r\n+a$12\r\n:5\r\n-ERR $11\r\r\n$-1\r\n$0\r\n\r\n"
        let large = "$12\r\n$3\r\nabc*1\r\n$\r\n"
        #expect(frame(small + large + small + large + large + small, parts: length).passed == small + small + small)
        #expect(frame(small + large + small, parts: length).strings == [12])
    }

    @Test(
        "what is no length is the parser's to refuse",
        arguments: ["$012\r\n", "$+12\r\n", "$1a2\r\n", "$\r\n", "$99999999999999999999999\r\n"])
    func leavesFaults(text: String) {
        let framed = frame(text + "rest", parts: 100)
        #expect(framed.strings.isEmpty && framed.passed == text + "rest")
    }
}
