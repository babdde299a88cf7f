import Time

/// Reads traces from text. Three forms, told apart by their first line:
///
/// | form | first line | a line |
/// |---|---|---|
/// | counts | `time,count`, other names, or none (see `TraceTable`) | `2026-06-01T08:00:00Z,100` |
/// | recorded (`spate record`) | `{"spate_trace":1,"step_ms":1000,"start_ms":…}` | `{"t_ms":2000,"model":"digits.1","count":12}`, at last `{"t_ms":…,"end":true}` |
/// | arrivals | none, the column's name, or `{` | one arrival: an instant, seconds from the start, or `{"elapsed": 12.5}` |
///
/// The jobs of a line of counts are placed at random between its time and that of the next line, by `seed`; the last line is
/// as long as the one before.
package enum TraceFile {
    package static let maximumLines = 5_000_000
    static let longestSeconds = 400.0 * 86_400

    package static func parse(_ text: String, name: String, seed: UInt64 = 1) throws(TraceError) -> Trace {
        let lines = self.lines(text)
        guard let first = lines.first else { throw TraceError(line: nil, "there is no line in it") }
        guard lines.count <= maximumLines else { throw TraceError(line: nil, "more than \(maximumLines) lines") }
        if first.text.hasPrefix("{") {
            // Objects hold blanks where they like.
            let objects = lines.map { Line(number: $0.number, text: $0.text.filter { !$0.isWhitespace }) }
            return objects[0].text.hasPrefix("{\"spate_trace\":")
                ? try recorded(objects, name: name, seed: seed) : try arrivals(objects, name: name)
        }
        guard let table = try TraceTable(lines) else { return try arrivals(lines, name: name) }
        return try counts(table, name: name, seed: seed)
    }

    struct Line {
        /// In the file, from 1.
        var number: Int
        /// Without blanks around it.
        var text: String
    }

    /// Lines that hold something, without the mark of byte order and Excel's `sep=;`.
    private static func lines(_ text: String) -> [Line] {
        var lines: [Line] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = line
            if index == 0, line.unicodeScalars.first == "\u{FEFF}" { line = Substring(line.unicodeScalars.dropFirst()) }
            while line.first?.isWhitespace == true { line = line.dropFirst() }
            while line.last?.isWhitespace == true { line = line.dropLast() }
            if line.isEmpty || (index == 0 && line.lowercased().hasPrefix("sep=")) { continue }
            lines.append(Line(number: index + 1, text: String(line)))
        }
        return lines
    }

    /// All models together, each step's arrivals spread over it.
    private static func recorded(_ lines: [Line], name: String, seed: UInt64) throws(TraceError) -> Trace {
        func number(_ key: String, _ line: Line, in range: ClosedRange<Int64>) -> Int64? {
            value(after: "\"\(key)\":", in: line.text).flatMap { Int64($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
        let longest = Int64(longestSeconds) * 1_000
        guard let version = number("spate_trace", lines[0], in: 0...1_000), version == 1 else {
            throw TraceError(line: lines[0].number, "a recording of another version; this one reads version 1")
        }
        guard let step = number("step_ms", lines[0], in: 1...86_400_000),
            let start = number("start_ms", lines[0], in: 0...100_000_000_000_000)
        else {
            throw TraceError(
                line: lines[0].number, "expected step_ms and start_ms, got '\(lines[0].text.prefix(80))'")
        }
        var counts: [Int64: Int] = [:]
        var end: Int64 = 0
        for line in lines.dropFirst() {
            guard let at = number("t_ms", line, in: 0...longest) else {
                throw TraceError(line: line.number, "expected t_ms up to 400 days, got '\(line.text.prefix(60))'")
            }
            if line.text.contains("\"end\":true") {
                end = max(end, at)
                continue
            }
            guard let count = number("count", line, in: 0...1_000_000_000) else {
                throw TraceError(
                    line: line.number, "expected a count from 0 to 1000000000, got '\(line.text.prefix(60))'")
            }
            counts[at, default: 0] += Int(count)
            end = max(end, at + step)
        }
        guard end > 0 else { throw TraceError(line: nil, "no arrivals in it") }
        let times = counts.keys.sorted()
        var spans = times.enumerated().map { index, at in
            // Steps that overlap are cut where the next one begins.
            let next = index + 1 < times.count ? times[index + 1] : at + step
            return Trace.Span(from: at * 1_000, until: min(at + step, next) * 1_000, count: counts[at] ?? 0)
        }
        if (spans.last?.until ?? 0) < end * 1_000 {
            spans.append(Trace.Span(from: spans.last?.until ?? 0, until: end * 1_000, count: 0))
        }
        return Trace(
            name: name, start: Timestamp(microseconds: start * 1_000), spans: spans, placement: .atRandom(seed: seed))
    }

    private static func counts(_ table: TraceTable, name: String, seed: UInt64) throws(TraceError) -> Trace {
        let rows = try table.rows()
        guard rows.count > 1, let origin = rows.first?.at, let last = rows.last else {
            throw TraceError(line: nil, "counts need two lines at least")
        }
        let ends = rows.dropFirst().map(\.at) + [2 * last.at - rows[rows.count - 2].at]
        guard (ends.last ?? last.at) - origin < longestSeconds else {
            throw TraceError(line: nil, "longer than 400 days")
        }
        let spans = zip(rows, ends).map { row, end in
            Trace.Span(from: Int64((row.at - origin) * 1e6), until: Int64((end - origin) * 1e6), count: row.count)
        }
        return Trace(name: name, start: start(of: origin), spans: spans, placement: .atRandom(seed: seed))
    }

    private static func arrivals(_ lines: [Line], name: String) throws(TraceError) -> Trace {
        var times: [Double] = []
        for (index, line) in lines.enumerated() {
            guard let at = elapsed(line.text), at.isFinite, abs(at) < 1e11 else {
                if index == 0, !line.text.hasPrefix("{"), lines.count > 1 { continue }
                throw TraceError(line: line.number, "expected an arrival, got '\(line.text.prefix(60))'")
            }
            times.append(at)
        }
        times.sort()
        guard let first = times.first, let last = times.last else { throw TraceError(line: nil, "no arrivals in it") }
        let origin = TraceMoment.isDated(first) ? first : 0
        guard last - origin < longestSeconds, first >= 0 else { throw TraceError(line: nil, "longer than 400 days") }
        return Trace(
            name: name, start: start(of: first), duration: .microseconds((last - origin + 1) * 1e6),
            cohorts: times.map { .init(at: Int64(($0 - origin) * 1e6), count: 1) })
    }

    private static func start(of first: Double) -> Timestamp {
        TraceMoment.isDated(first) ? Timestamp(microseconds: Int64(first * 1e6)) : Trace.monday
    }

    /// A number, an instant, or the value of the first key of an object that says when.
    private static func elapsed(_ line: String) -> Double? {
        guard line.hasPrefix("{") else { return TraceMoment.seconds(TraceTable.unquoted(line[...])) }
        for key in ["\"elapsed\":", "\"at\":", "\"time\":"] {
            guard let value = value(after: key, in: line) else { continue }
            return TraceMoment.seconds(value)
        }
        return nil
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
