import Glibc
import Observability
import Testing

@Suite struct StandardStreamTests {
    @Test("a disk that is full is an error with the system's words")
    func full() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        let error = #expect(throws: StandardStream.Failure.self) { try StandardStream.write("x\n", to: descriptor) }
        #expect(error?.description == "No space left on device")
        #expect(error?.isReaderGone == false)
    }

    @Test("a reader that is gone is an error, and not the end of the process")
    func readerGone() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let error = #expect(throws: StandardStream.Failure.self) { try StandardStream.write("x\n", to: ends[1]) }
        #expect(error?.isReaderGone == true)
    }

    @Test("a descriptor that is closed is an error")
    func closed() throws {
        let error = #expect(throws: StandardStream.Failure.self) { try StandardStream.write("x\n", to: -1) }
        #expect(error?.errorNumber == EBADF)
    }

    @Test("a log whose reader does not read holds nobody up, and says afterwards how many lines were lost")
    func stuckReader() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer {
            close(reading)
            close(writing)
        }
        // A pipe of one page; the number is F_SETPIPE_SZ, which Glibc keeps to itself.
        let size = Int(fcntl(writing, 1_031, 4_096))
        let stream = LogStream(writing, patience: .milliseconds(20))
        let line = String(repeating: "x", count: size - 1) + "\n"
        let began = ContinuousClock.now
        for _ in 0..<50 { stream.write(line) { "\($0) lost\n" } }
        #expect(ContinuousClock.now - began < .seconds(5), "only the first that found it full waited")
        var buffer = [UInt8](repeating: 0, count: 2 * size)
        #expect(read(reading, &buffer, size) == size)
        stream.write("y\n") { "\($0) lost\n" }
        let count = read(reading, &buffer, buffer.count)
        #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self) == "49 lost\ny\n")
        stream.write("z\n") { "\($0) lost\n" }
        #expect(read(reading, &buffer, buffer.count) == 2, "it is said once")
    }

    @Test("a text that is larger than a pipe gets through whole, also one that does not block")
    func large() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
        let text = String(repeating: "0123456789abcdef", count: 20_000)
        let reader = Task.detached {
            var bytes = 0
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while bytes < text.utf8.count, case let count = read(reading, &buffer, buffer.count), count > 0 {
                bytes += count
            }
            return bytes
        }
        try StandardStream.write(text, to: writing)
        close(writing)
        #expect(await reader.value == text.utf8.count)
        close(reading)
    }
}
