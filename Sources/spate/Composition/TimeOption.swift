import ArgumentParser
import Settings
import Time

/// Times on the command line are written as in the files, with their unit: `250ms`, `30s`, `1.5h`.
enum TimeOption {
    /// For `@Option(transform:)`: any time from zero, up to about 30 years.
    static func parse(_ text: String) throws -> Duration {
        guard let duration = Duration(text: text), duration < .seconds(1_000_000_000) else {
            throw ValidationError(
                Double(text) == nil
                    ? "expected a time with its unit (us, ms, s, m, h, d), as in 250ms or 30s"
                    : "a time needs its unit; write \(text)ms, \(text)s or \(text)m")
        }
        return duration
    }
}
