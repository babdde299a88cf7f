import Logging
import Observability
import Synchronization
import Testing
import Time

@Suite struct LogOutputTests {
    /// The lines that `body` logs, with the clock at 2026-01-31 08:30:01.25 UTC.
    private func lines(
        _ format: LogOutput.Format, level: Logger.Level = .info, _ body: (inout Logger) -> Void
    ) -> [String] {
        let sink = Sink()
        let output = LogOutput(
            role: "gateway", level: level, format: format, now: { Timestamp(microseconds: 1_769_848_201_250_000) },
            write: { sink.append($0) })
        var logger = output.makeLogger()
        body(&logger)
        return sink.lines
    }

    private final class Sink: Sendable {
        private let kept = Mutex<[String]>([])
        var lines: [String] { kept.withLock { $0 } }
        func append(_ line: String) { kept.withLock { $0.append(line) } }
    }

    @Test("a line for people has the time, level, role, message and sorted metadata")
    func text() {
        let written = lines(.text) { logger in
            logger.set(LogKeys.pool, "cpu")
            logger.info("worker is ready", metadata: [LogKeys.workerID: "w1", LogKeys.reason: "burst of 12"])
            logger.debug("not at this level")
        }
        #expect(
            written == [
                "2026-01-31 08:30:01.250Z info gateway: worker is ready pool=cpu reason=\"burst of 12\" worker.id=w1\n"
            ])
    }

    @Test("a line for collectors is one JSON object")
    func json() {
        let written = lines(.json, level: .debug) { logger in
            logger.debug("said \"hi\"", metadata: ["level": "mine", LogKeys.jobID: "a\\b"])
        }
        #expect(
            written == [
                #"{"time":"2026-01-31T08:30:01.250Z","level":"debug","role":"gateway","message":"said \"hi\"","job.id":"a\\b","metadata.level":"mine"}"#
                    + "\n"
            ])
    }

    @Test("values cannot forge lines, drive a terminal or fill the disk")
    func hostileValues() {
        let written = lines(.text) { logger in
            logger.info("x", metadata: ["a": "1\n08:30:02.000 error gateway: forged", "b": "\u{1B}[31m"])
            logger.info("y", metadata: ["c": "\(String(repeating: "é", count: 5_000))"])
        }
        #expect(
            written[0]
                == "2026-01-31 08:30:01.250Z info gateway: x a=\"1\\n08:30:02.000 error gateway: forged\" b=\\u001b[31m\n"
        )
        #expect(written[1].count < 2_100)
        #expect(written.allSatisfy { $0.filter { $0 == "\n" }.count == 1 })
    }

    @Test(
        "dates are those of the calendar",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"), (-1, "1969-12-31T23:59:59.000Z"),
        ] as [(Int64, String)])
    func dates(_ seconds: Int64, _ expected: String) {
        let sink = Sink()
        let output = LogOutput(
            role: "r", level: .info, format: .json, now: { Timestamp(microseconds: seconds * 1_000_000) },
            write: { sink.append($0) })
        output.makeLogger().info("m")
        #expect(sink.lines.first?.contains(expected) == true)
    }
}
