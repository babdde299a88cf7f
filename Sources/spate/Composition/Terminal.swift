import ArgumentParser
import Glibc
import Observability

/// Lines for the person at the terminal. None of these ends the process when the stream cannot be written.
enum Terminal {
    /// A line of a service: what cannot be written is lost, and the service goes on.
    static func line(_ text: String) { try? StandardStream.write(text + "\n", to: STDOUT_FILENO) }

    /// The result that a command was asked for.
    ///
    /// - Throws: 74 (sysexits.h: EX_IOERR) when it did not get out; says why, but for a reader that is gone.
    static func result(_ text: String) throws {
        do {
            try StandardStream.write(text + "\n", to: STDOUT_FILENO)
        } catch {
            if !error.isReaderGone { self.error("spate: standard output cannot be written: \(error)") }
            throw ExitCode(74)
        }
    }

    /// A line on standard error; there is nowhere left to say that it cannot be written.
    static func error(_ text: String) { draw(text + "\n") }

    /// Text on standard error without an end of its line.
    static func draw(_ text: String) { try? StandardStream.write(text, to: STDERR_FILENO) }
}
