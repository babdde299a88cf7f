/// A table of times and counts, as spreadsheets and monitoring export them.
///
/// | | |
/// |---|---|
/// | separator | `,`, `;` or a tab; the one that the first line has |
/// | header | `time,count`, `timestamp,requests`, `minute;calls`, …, or none where each line has two cells |
/// | time | see `TraceMoment`; numbers under `minute` or `hour` are these, others seconds |
/// | count | a whole number from 0, or a decimal one, of which the fraction is carried to the next line |
///
/// Of more than two columns the names must say which are meant; lines of the same time are then added up. Whatever is not
/// clear is an error: a figure that is wrong by an order of magnitude looks like any other.
struct TraceTable {
    struct Row: Equatable {
        /// Seconds, since 1970 or from the start.
        var at: Double
        var count: Int
    }

    private let lines: [TraceFile.Line]
    private let separator: Character
    private let time: Int
    private let count: Int
    /// Of a number in the column of times.
    private let unit: Double
    private let columns: Int

    private static let separators: [Character] = [";", "\t", ","]
    private static let times: [String: Double] = [
        "time": 1, "timestamp": 1, "ts": 1, "t": 1, "date": 1, "datetime": 1, "date time": 1, "_time": 1, "when": 1,
        "at": 1, "elapsed": 1, "second": 1, "seconds": 1, "s": 1, "minute": 60, "minutes": 60, "min": 60, "m": 60,
        "hour": 3_600, "hours": 3_600, "h": 3_600,
    ]
    private static let counts: Set<String> = [
        "count", "counts", "requests", "request", "calls", "jobs", "arrivals", "hits", "queries", "events", "number",
        "n", "total", "value", "invocations", "messages",
    ]

    /// `nil` where the lines have one cell each, which are arrivals.
    init?(_ lines: [TraceFile.Line]) throws(TraceError) {
        guard let first = lines.first else { return nil }
        // The separator that the first line has; a blank within a time is none.
        guard let separator = Self.separators.first(where: { Self.cells(first.text, $0).count > 1 }) else {
            if let wide = lines.dropFirst().first(where: { line in
                Self.separators.contains { Self.cells(line.text, $0).count > 1 }
            }) {
                throw TraceError(
                    line: wide.number, "this line has more cells than the first; got '\(wide.text.prefix(60))'")
            }
            return nil
        }
        let head = Self.cells(first.text, separator)
        self.separator = separator
        columns = head.count
        let isData = TraceMoment.seconds(head[0]) != nil
        guard !isData else {
            guard head.count == 2 else {
                throw TraceError(
                    line: first.number,
                    "\(head.count) columns and no header; name them, as in time,count, so that it is clear which are meant"
                )
            }
            time = 0
            count = 1
            unit = 1
            self.lines = lines
            return
        }
        self.lines = Array(lines.dropFirst())
        let names = head.map { Self.name($0) }
        let (foundTime, foundCount) = try Self.columns(of: names, example: self.lines.first, separator, first)
        time = foundTime
        count = foundCount
        unit = Self.times[names[foundTime]] ?? 1
    }

    /// Which columns hold the time and the count.
    private static func columns(
        of names: [String], example: TraceFile.Line?, _ separator: Character, _ head: TraceFile.Line
    ) throws(TraceError) -> (time: Int, count: Int) {
        let times = names.indices.filter { Self.times[names[$0]] != nil }
        let counts = names.indices.filter { Self.counts.contains(names[$0]) }
        if let time = times.first, let count = counts.first, times.count == 1, counts.count == 1 {
            return (time, count)
        }
        // Of two columns whose names say nothing, one that holds times tells.
        if names.count == 2, let cells = example.map({ Self.cells($0.text, separator) }), cells.count == 2 {
            if counts.count == 1, let count = counts.first { return (1 - count, count) }
            if times.count == 1, let time = times.first, !isRate(names[1 - time]) { return (time, 1 - time) }
            let isNumber = cells.map { Double($0) != nil }
            let isTime = cells.map { TraceMoment.seconds($0) != nil }
            if isTime[0], isNumber[1], !isRate(names[1]) { return (0, 1) }
        }
        let shown = head.text.prefix(80)
        throw TraceError(
            line: head.number,
            "it is not clear which columns of '\(shown)' are the time and the count; name them time and count"
                + " (for one arrival a line keep the column of times alone)")
    }

    /// Calls in a second are no calls in a line.
    private static func isRate(_ name: String) -> Bool {
        let words = name.split { !$0.isLetter }
        return words.contains { ["rate", "rps", "qps", "per", "s", "avg", "average", "mean"].contains($0) }
    }

    func rows() throws(TraceError) -> [Row] {
        var rows: [Row] = []
        rows.reserveCapacity(lines.count)
        var carried = 0.0
        for line in lines {
            let cells = Self.cells(line.text, separator)
            guard cells.count == columns else {
                throw TraceError(
                    line: line.number,
                    "expected \(columns) cells as in the first line, got \(cells.count): '\(line.text.prefix(60))'")
            }
            let count = try number(cells[count], line) + carried
            let whole = count.rounded(.down)
            carried = count - whole
            let at = try moment(cells[time], line)
            if let last = rows.last, at <= last.at {
                guard columns > 2, at == last.at else { throw TraceError(line: line.number, "times must rise") }
                rows[rows.count - 1].count += Int(whole)
            } else {
                rows.append(Row(at: at, count: Int(whole)))
            }
        }
        return rows
    }

    private func moment(_ cell: String, _ line: TraceFile.Line) throws(TraceError) -> Double {
        let decimal = separator == ";" && Self.isDecimalComma(cell) ? cell.replacing(",", with: ".") : cell
        if let number = Double(decimal), unit != 1 {
            guard number.isFinite, abs(number) < 1e9 else { throw noTime(cell, line) }
            return number * unit
        }
        guard let at = TraceMoment.seconds(decimal), at.isFinite, abs(at) < 1e11 else { throw noTime(cell, line) }
        return at
    }

    private func noTime(_ cell: String, _ line: TraceFile.Line) -> TraceError {
        TraceError(
            line: line.number,
            "'\(cell.prefix(40))' is no time; as in 2026-06-01T08:00:00Z, 2026-06-01 08:00, or seconds")
    }

    private func number(_ cell: String, _ line: TraceFile.Line) throws(TraceError) -> Double {
        if cell.contains(",") {
            throw TraceError(
                line: line.number,
                "'\(cell.prefix(40))' may be a decimal number or have groups of thousands; write it without a comma")
        }
        guard let number = Double(cell), (0...1e9).contains(number) else {
            throw TraceError(
                line: line.number, "expected a count from 0 to 1000000000, got '\(cell.prefix(40))'")
        }
        return number
    }

    private static func isDecimalComma(_ cell: String) -> Bool {
        let parts = cell.split(separator: ",", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }

    /// A column's name as it is looked up: `Time (UTC)` is `time`.
    private static func name(_ cell: String) -> String {
        var name = cell.lowercased()
        if let bracket = name.firstIndex(where: { $0 == "(" || $0 == "[" }) { name = String(name[..<bracket]) }
        while name.last?.isWhitespace == true { name.removeLast() }
        return name
    }

    /// The cells of a line without blanks and quotes around them; a separator within quotes is none (RFC 4180).
    static func cells(_ line: String, _ separator: Character) -> [String] {
        guard line.contains("\"") else {
            return line.split(separator: separator, omittingEmptySubsequences: false).map { unquoted($0) }
        }
        var cells: [String] = []
        var cell = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case separator where !isQuoted:
                cells.append(unquoted(cell[...]))
                cell = ""
            default: cell.append(character)
            }
        }
        return cells + [unquoted(cell[...])]
    }

    static func unquoted(_ cell: Substring) -> String {
        var cell = cell
        while let first = cell.first, first.isWhitespace || first == "\"" { cell = cell.dropFirst() }
        while let last = cell.last, last.isWhitespace || last == "\"" { cell = cell.dropLast() }
        return String(cell)
    }
}
