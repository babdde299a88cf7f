import NIOCore
import Testing

@testable import RedisClient

@Suite struct RedisCommandTests {
    private func bytes(_ command: RedisCommand) -> String {
        String(buffer: command.bytes)
    }

    @Test("is an array of bulk strings whose lengths count bytes, not characters")
    func encodesArguments() {
        #expect(bytes(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(bytes(RedisCommand("SET", "clé", "")) == "*3\r\n$3\r\nSET\r\n$4\r\nclé\r\n$0\r\n\r\n")
    }

    @Test("appends numbers as their digits and buffers as their readable bytes")
    func encodesEveryKindOfArgument() {
        var command = RedisCommand("X")
        command.append(-7)
        command.append(Int64.max)
        var buffer = ByteBuffer(string: "skip\r\n\0")
        buffer.moveReaderIndex(forwardBy: 4)
        command.append(buffer)
        command.append(contentsOf: ["a", "b"])
        #expect(
            bytes(command)
                == "*6\r\n$1\r\nX\r\n$2\r\n-7\r\n$19\r\n9223372036854775807\r\n$3\r\n\r\n\0\r\n$1\r\na\r\n$1\r\nb\r\n")
    }

    @Test("a copy that goes on does not change the original")
    func isAValue() {
        let base = RedisCommand("DEL", "a")
        let longer = base.appending("b")
        #expect(bytes(base) == "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n")
        #expect(bytes(longer) == "*3\r\n$3\r\nDEL\r\n$1\r\na\r\n$1\r\nb\r\n")
    }

    @Test("counts its arguments in the header, however many", arguments: [9, 10, 99, 100, 99_999, 100_000])
    func countsArguments(count: Int) {
        var command = RedisCommand("A")
        for _ in 1..<count { command.append("b") }
        let text = bytes(command)
        #expect(text.hasPrefix("*\(count)\r\n$1\r\nA\r\n"))
        #expect(text.utf8.count == "*\(count)\r\n".utf8.count + 7 * count)
        #expect(command.size == text.utf8.count)
    }

    @Test(
        "an argument written in place has the bytes that were written, also when the size was wrong",
        arguments: [0, 4, 5, 6, 1_000_000])
    func writesInPlace(size: Int) {
        var command = RedisCommand("A", ["b"], payload: size)
        command.append(size: size) { $0.writeString("hello") }
        #expect(bytes(command) == "*3\r\n$1\r\nA\r\n$1\r\nb\r\n$5\r\nhello\r\n")
    }
}
