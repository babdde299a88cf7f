package import Logging
package import Time

import Glibc

/// Where the log lines of one process go: standard error, one whole line a write.
///
/// Loggers are made by `makeLogger` and handed on; `bootstrap` is for libraries that make their own.
package struct LogOutput: Sendable {
    package enum Format: Sendable {
        /// `2026-01-31 08:30:01.250Z info gateway: listening port=8000`
        case text
        /// `{"time":"2026-01-31T08:30:01.250Z","level":"info","role":"gateway","message":"listening","port":"8000"}`
        case json
    }

    /// `gateway`, `worker`, …: what tells the lines of the processes of `spate up` apart.
    package var role: String
    package var level: Logger.Level
    package var format: Format
    let now: @Sendable () -> Timestamp
    /// A line, and what to write where so many before it were lost.
    let write: @Sendable (String, (Int) -> String) -> Void

    /// Writes on standard error with the machine's own time (log lines are for people and collectors, never for
    /// decisions).
    package init(role: String, level: Logger.Level = .info, format: Format = .text) {
        self.init(role: role, level: level, format: format, stream: LogStream(STDERR_FILENO))
    }

    /// Writes on `stream` with the machine's own time.
    package init(role: String, level: Logger.Level, format: Format, stream: LogStream) {
        self.role = role
        self.level = level
        self.format = format
        now = { Self.wallClock() }
        write = { stream.write($0, notice: $1) }
    }

    /// `write` gets one line at a time, ended, from any thread; it must not log.
    package init(
        role: String, level: Logger.Level, format: Format, now: @escaping @Sendable () -> Timestamp,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.role = role
        self.level = level
        self.format = format
        self.now = now
        self.write = { line, _ in write(line) }
    }

    package func makeLogger() -> Logger {
        Logger(label: role) { _ in LineLogHandler(output: self) }
    }

    /// Makes this the output of loggers that libraries make. Once per process.
    package func bootstrap() {
        LoggingSystem.bootstrap { _ in LineLogHandler(output: self) }
    }

    private static func wallClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
