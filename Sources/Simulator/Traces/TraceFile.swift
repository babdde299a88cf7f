import Time

/// Reads traces from text. Three forms, told apart by their first line:
///
/// | form | first line | a line |
/// |---|---|---|
/// | counts | `time,count` or `minute,count` | `2026-06-01T08:00:00Z,100`, or seconds or minutes from the start |
/// | recorded (`spate record`) | `{"spate_trace":1,"step_ms":1000,"start_ms":…}` | `{"t_ms":2000,"model":"digits.1","count":12}`, at last `{"t_ms":…,"end":true}` |
/// | arrivals | none, or `{` | one arrival: seconds from the start, or `{"elapsed": 12.5}` |
///
/// `time` may be an ISO 8601 instant in UTC or seconds; `minute` is minutes. Counts are spread evenly to the next line;
/// the last one as long as the one before.
package enum TraceFile {
    package static let maximumLines = 5_000_000

    package static func parse(_ text: String, name: String) throws(TraceError) -> Trace {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }.filter {
            !$0.isEmpty
        }
        guard let first = lines.first else { throw TraceError(line: nil, "there is no line in it") }
        guard lines.count <= maximumLines else { throw TraceError(line: nil, "more than \(maximumLines) lines") }
        let head = first.lowercased()
        if head.hasPrefix("time,") || head.hasPrefix("minute,") {
            return try counts(lines, factor: head.hasPrefix("minute") ? 60 : 1, name: name)
        }
        if head.hasPrefix("{\"spate_trace\":") { return try recorded(lines, name: name) }
        return try arrivals(lines, name: name)
    }

    /// All models together, each step's arrivals spread over it.
    private static func recorded(_ lines: [String], name: String) throws(TraceError) -> Trace {
        func number(_ key: String, _ line: String, in range: ClosedRange<Int64>) -> Int64? {
            value(after: "\"\(key)\":", in: line).flatMap { Int64($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
        let longest: Int64 = 400 * 86_400_000
        guard let version = number("spate_trace", lines[0], in: 0...1_000), version == 1 else {
            throw TraceError(line: 1, "a recording of another version; this one reads version 1")
        }
        guard let step = number("step_ms", lines[0], in: 1...86_400_000),
            let start = number("start_ms", lines[0], in: 0...100_000_000_000_000)
        else { throw TraceError(line: 1, "expected step_ms and start_ms, got '\(lines[0].prefix(80))'") }
        var counts: [Int64: Int] = [:]
        var end: Int64 = 0
        for (index, line) in lines.enumerated().dropFirst() {
            guard let at = number("t_ms", line, in: 0...longest) else {
                throw TraceError(line: index + 1, "expected t_ms up to 400 days, got '\(line.prefix(60))'")
            }
            if line.contains("\"end\":true") {
                end = max(end, at)
                continue
            }
            guard let count = number("count", line, in: 0...1_000_000_000) else {
                throw TraceError(line: index + 1, "expected a count from 0 to 1000000000, got '\(line.prefix(60))'")
            }
            counts[at, default: 0] += Int(count)
            end = max(end, at + step)
        }
        guard end > 0 else { throw TraceError(line: nil, "no arrivals in it") }
        var cohorts: [Trace.Cohort] = []
        for (at, count) in counts.sorted(by: { $0.key < $1.key }) where count > 0 {
            let parts = min(count, max(Int(step / 50), 1), 10_000)
            for part in 0..<parts {
                let jobs = count * (part + 1) / parts - count * part / parts
                let offset = (Double(part) + 0.5) * Double(step) / Double(parts)
                cohorts.append(.init(at: at * 1_000 + Int64(offset * 1_000), count: jobs))
            }
        }
        return Trace(
            name: name, start: Timestamp(microseconds: start * 1_000), duration: .milliseconds(end), cohorts: cohorts)
    }

    private static func counts(_ lines: [String], factor: Double, name: String) throws(TraceError) -> Trace {
        var points: [(at: Double, count: Int)] = []
        for (index, line) in lines.enumerated().dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count >= 2, let count = Double(cells[1]), (0...1e9).contains(count) else {
                throw TraceError(line: index + 1, "expected a time and a count, got '\(line.prefix(60))'")
            }
            guard let at = instant(cells[0]) ?? Double(cells[0]).map({ $0 * factor }), at.isFinite, abs(at) < 1e11
            else {
                throw TraceError(line: index + 1, "'\(cells[0].prefix(40))' is no time")
            }
            if let last = points.last, at <= last.at { throw TraceError(line: index + 1, "times must rise") }
            points.append((at, Int(count)))
        }
        guard points.count > 1, let origin = points.first?.at, let last = points.last else {
            throw TraceError(line: nil, "counts need two lines at least")
        }
        let ends = points.dropFirst().map(\.at) + [2 * last.at - points[points.count - 2].at]
        var cohorts: [Trace.Cohort] = []
        for (point, end) in zip(points, ends) where point.count > 0 {
            let parts = min(point.count, max(Int((end - point.at) / 0.05), 1), 10_000)
            for part in 0..<parts {
                let jobs = point.count * (part + 1) / parts - point.count * part / parts
                let at = point.at - origin + (Double(part) + 0.5) * (end - point.at) / Double(parts)
                cohorts.append(.init(at: Int64(at * 1e6), count: jobs))
            }
        }
        let duration = (ends.last ?? last.at) - origin
        guard duration < 400 * 86_400 else { throw TraceError(line: nil, "longer than 400 days") }
        // Seconds since 2001 or later are a date, smaller ones count from the start.
        let start = origin > 978_307_200 ? Timestamp(microseconds: Int64(origin * 1e6)) : Trace.monday
        return Trace(name: name, start: start, duration: .microseconds(duration * 1e6), cohorts: cohorts)
    }

    private static func arrivals(_ lines: [String], name: String) throws(TraceError) -> Trace {
        var times: [Double] = []
        for (index, line) in lines.enumerated() {
            guard let at = elapsed(line), at.isFinite, abs(at) < 1e11 else {
                if index == 0, !line.hasPrefix("{") { continue }
                throw TraceError(line: index + 1, "expected an arrival, got '\(line.prefix(60))'")
            }
            times.append(at)
        }
        times.sort()
        guard let first = times.first, let last = times.last else { throw TraceError(line: nil, "no arrivals in it") }
        let isDated = first > 978_307_200
        let origin = isDated ? first : 0
        guard last - origin < 400 * 86_400, first >= 0 else { throw TraceError(line: nil, "longer than 400 days") }
        return Trace(
            name: name, start: isDated ? Timestamp(microseconds: Int64(first * 1e6)) : Trace.monday,
            duration: .microseconds((last - origin + 1) * 1e6),
            cohorts: times.map { .init(at: Int64(($0 - origin) * 1e6), count: 1) })
    }

    /// A number, an instant, or the value of the first key of an object that says when.
    private static func elapsed(_ line: String) -> Double? {
        if let number = Double(line) { return number }
        if line.hasPrefix("{") {
            for key in ["\"elapsed\":", "\"at\":", "\"time\":"] {
                guard let value = value(after: key, in: line) else { continue }
                return Double(value) ?? instant(value)
            }
            return nil
        }
        return line.split(separator: ",").first.flatMap { Double($0) ?? instant($0) }
    }

    private static func value(after key: String, in line: String) -> Substring? {
        var rest = Substring(line)
        while let quote = rest.firstIndex(of: "\"") {
            rest = rest[quote...]
            if rest.hasPrefix(key) {
                return rest.dropFirst(key.count).drop { $0 == "\"" }.prefix { $0 != "," && $0 != "}" && $0 != "\"" }
            }
            rest = rest.dropFirst()
        }
        return nil
    }

    /// Seconds since 1970 of `2026-06-01T08:00:00Z` (seconds and Z may be missing).
    static func instant(_ text: some StringProtocol) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 16, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        let digits = text.split { !($0.isNumber || $0 == ".") }
        guard digits.count >= 5, let year = Int(digits[0]), let month = Int(digits[1]), let day = Int(digits[2]),
            let hour = Double(digits[3]), let minute = Double(digits[4]), (1970...9999).contains(year),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let second = digits.count > 5 ? Double(digits[5]) ?? 0 : 0
        // Days from civil (Howard Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Double(days) * 86_400 + hour * 3_600 + minute * 60 + second
    }
}

/// Why a text is no trace.
package struct TraceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1; `nil`: the whole.
    package var line: Int?
    package var message: String

    init(line: Int?, _ message: String) {
        self.line = line
        self.message = message
    }

    package var description: String { line.map { "line \($0): \(message)" } ?? message }
}
