import Time

/// What is wrong with the one-line form of an event, and where.
package struct CalendarTextError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1, in characters.
    package var column: Int
    package var message: String

    package var description: String { "column \(column): \(message)" }
}

extension CalendarEvent {
    /// Reads the one-line form:
    /// `[NAME: ]COUNT calls[ per minute| per second| per hour] at HH:MM[:SS][ for DURATION][ ramping]
    /// [, DAYS][, ZONE][, until DATE]`.
    ///
    /// A number of calls without `for` falls in one minute; a rate needs `for`. DAYS is `daily`, `weekdays`, `weekends`,
    /// weekdays (`mon wed`, `mon-fri`) or dates (`2026-12-24 2026-12-31`); default `daily`. Default zone `UTC`. The
    /// name is the text itself if none is given. Whether the zone exists is known only to who reads its file.
    /// - Example: `10,000 calls at 08:30, weekdays, Europe/Berlin`: 166.7 calls/s from 08:30 to 08:31.
    package init(_ text: String) throws(CalendarTextError) {
        var parser = CalendarParser(text)
        self = try parser.event()
    }
}

private struct CalendarParser {
    struct Token {
        var text: String
        var column: Int
    }

    private let source: String
    private var name: String
    private var tokens: [Token] = []
    private var index = 0
    private var end = 1

    init(_ text: String) {
        source = text
        name = text
        let characters = Array(text)
        end = characters.count + 1
        var start = 0
        if let colon = characters.indices.first(where: {
            characters[$0] == ":" && $0 + 1 < characters.count && characters[$0 + 1] == " "
        }) {
            name = String(characters[..<colon])
            start = colon + 1
        }
        var current: [Character] = []
        var column = 0
        func isDigit(_ position: Int) -> Bool {
            characters.indices.contains(position) && characters[position].isASCII && characters[position].isNumber
        }
        for position in start..<max(start, characters.count) {
            let character = characters[position]
            let groups = (1...3).allSatisfy { isDigit(position + $0) } && !isDigit(position + 4)
            let isSeparator = character == "," && !(isDigit(position - 1) && groups)
            if character.isWhitespace || isSeparator {
                if !current.isEmpty { tokens.append(Token(text: String(current), column: column)) }
                current = []
                if isSeparator { tokens.append(Token(text: ",", column: position + 1)) }
            } else {
                if current.isEmpty { column = position + 1 }
                current.append(character)
            }
        }
        if !current.isEmpty { tokens.append(Token(text: String(current), column: column)) }
    }

    private var peek: Token? { index < tokens.count ? tokens[index] : nil }

    private func fail(_ message: String, at token: Token?) -> CalendarTextError {
        CalendarTextError(column: token?.column ?? end, message: message)
    }

    private mutating func next(_ expected: String) throws(CalendarTextError) -> Token {
        guard let token = peek, token.text != "," else {
            throw fail("expected \(expected)\(peek.map { ", found '\($0.text)'" } ?? " before the end")", at: peek)
        }
        index += 1
        return token
    }

    private mutating func take(_ word: String) -> Bool {
        guard peek?.text.lowercased() == word else { return false }
        index += 1
        return true
    }

    mutating func event() throws(CalendarTextError) -> CalendarEvent {
        guard !name.allSatisfy(\.isWhitespace) else {
            throw CalendarTextError(column: 1, message: "expected a number of calls, as in '10,000 calls at 08:30'")
        }
        let count = try self.count()
        let unit = try self.unit()
        let word = peek
        guard take("at") else { throw fail("expected 'at HH:MM'", at: word) }
        let second = try time()
        var duration: Duration?
        if take("for") { duration = try self.duration() }
        let shape: CalendarEvent.Shape = take("ramping") ? .ramp : .even
        var volume = CalendarEvent.Volume.calls(count)
        if let unit {
            guard duration != nil else { throw fail("a rate needs 'for DURATION', as in 'for 2h'", at: peek) }
            volume = .callsPerSecond(count / unit)
        }
        var event = CalendarEvent(
            name: name, volume: volume, secondOfDay: second, duration: duration ?? .seconds(60), shape: shape)
        var given: Set<String> = []
        while peek != nil {
            let comma = peek
            guard take(",") else {
                throw fail("expected ',' or the end, found '\(comma?.text ?? "")'", at: comma)
            }
            try clause(&event, &given)
        }
        return event
    }

    private mutating func clause(_ event: inout CalendarEvent, _ given: inout Set<String>) throws(CalendarTextError) {
        let first = try next("days, a time zone or 'until'")
        let kind: String
        if first.text.lowercased() == "until" {
            kind = "until"
            let token = try next("a date")
            guard let date = CivilDate(token.text) else {
                throw fail("'\(token.text)' is not a date such as 2026-12-31", at: token)
            }
            event.until = date
        } else if let days = try days(from: first) {
            kind = "days"
            event.days = days
        } else if Self.isZone(first.text) {
            kind = "zone"
            event.zone = first.text
        } else {
            throw fail(
                "'\(first.text)' is neither days (weekdays, weekends, daily, mon-fri, 2026-12-24), a time zone"
                    + " (Europe/Berlin, EST, UTC) nor 'until DATE'", at: first)
        }
        guard given.insert(kind).inserted else { throw fail("\(kind) given twice", at: first) }
    }

    private mutating func count() throws(CalendarTextError) -> Double {
        let token = try next("a number of calls")
        // Ten to who writes a decimal point, ten thousand to who groups digits by it.
        if let point = token.text.firstIndex(of: "."), token.text[..<point] != "0",
            token.text[token.text.index(after: point)...].split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy({ $0.count == 3 })
        {
            let plain = token.text.filter { $0 != "." }
            throw fail(
                "'\(token.text)' may have a decimal point or groups of thousands; write \(plain), or fewer decimals",
                at: token)
        }
        let digits = token.text.filter { $0 != "," && $0 != "_" }
        guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(digits), value > 0,
            value <= 1e12
        else { throw fail("'\(token.text)' is not a number of calls above 0, as in 10,000", at: token) }
        return value
    }

    /// Seconds of the unit, or `nil` for a plain number of calls.
    private mutating func unit() throws(CalendarTextError) -> Double? {
        let token = try next("'calls'")
        switch token.text.lowercased() {
        case "calls", "call":
            guard take("per") else { return nil }
            let unit = try next("'second', 'minute' or 'hour'")
            guard let seconds = Self.seconds(unit.text) else {
                throw fail("expected 'second', 'minute' or 'hour', found '\(unit.text)'", at: unit)
            }
            return seconds
        case let text where text.hasPrefix("calls/"):
            guard let seconds = Self.seconds(String(text.dropFirst(6))) else {
                throw fail("expected calls/s, calls/min or calls/h", at: token)
            }
            return seconds
        default: throw fail("expected 'calls', found '\(token.text)'", at: token)
        }
    }

    private static func seconds(_ unit: String) -> Double? {
        switch unit.lowercased() {
        case "s", "second": 1
        case "m", "min", "minute": 60
        case "h", "hour": 3_600
        default: nil
        }
    }

    private mutating func time() throws(CalendarTextError) -> Int {
        let token = try next("a time such as 08:30")
        let parts = token.text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.count <= 2 && part.utf8.allSatisfy { (48...57).contains($0) } ? Int(part) : nil
        }
        guard (2...3).contains(parts.count), numbers.count == parts.count, numbers[0] < 24,
            numbers.dropFirst().allSatisfy({ $0 < 60 })
        else { throw fail("'\(token.text)' is not a time from 00:00 to 23:59", at: token) }
        return numbers[0] * 3_600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
    }

    private mutating func duration() throws(CalendarTextError) -> Duration {
        let token = try next("a duration such as 15m")
        let digits = token.text.prefix { $0.isASCII && $0.isNumber }
        let units = ["s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400]
        guard digits.count <= 7, let value = Int(digits), let unit = units[String(token.text[digits.endIndex...])],
            (1...604_800).contains(value * unit)
        else { throw fail("'\(token.text)' is not a duration from 1s to 7d, as in 15m", at: token) }
        return .seconds(value * unit)
    }

    /// `nil` if `first` does not begin a list of days.
    private mutating func days(from first: Token) throws(CalendarTextError) -> CalendarEvent.Days? {
        switch first.text.lowercased() {
        case "daily": return .daily
        case "weekdays": return .weekdays
        case "weekends": return .weekends
        default: break
        }
        if first.text.first?.isNumber == true { return .dates(try dates(from: first)) }
        guard var chosen = Self.weekdays(first.text) else { return nil }
        while let token = peek, token.text != "," {
            index += 1
            if token.text == "and" { continue }
            guard let more = Self.weekdays(token.text) else {
                throw fail("'\(token.text)' is not a weekday such as mon or mon-fri", at: token)
            }
            chosen.formUnion(more)
        }
        return .weekly(chosen)
    }

    private mutating func dates(from first: Token) throws(CalendarTextError) -> [CivilDate] {
        var token = first
        var dates: [CivilDate] = []
        while true {
            if token.text != "and" {
                guard let date = CivilDate(token.text) else {
                    throw fail("'\(token.text)' is not a date such as 2026-12-24", at: token)
                }
                dates.append(date)
            }
            guard let following = peek, following.text != "," else { return dates }
            index += 1
            token = following
        }
    }

    private static func weekday(_ text: Substring) -> Int? {
        let lower = text.lowercased()
        return Weekday.allCases.firstIndex {
            lower == $0.rawValue || (lower.count > 3 && lower.hasPrefix($0.rawValue) && lower.hasSuffix("day"))
        }
    }

    private static func weekdays(_ text: String) -> Set<Weekday>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = ends.first.flatMap(weekday), ends.count <= 2 else { return nil }
        guard ends.count == 2 else { return [Weekday.allCases[first]] }
        guard let last = weekday(ends[1]) else { return nil }
        let length = (last - first + 7) % 7
        return Set((0...length).map { Weekday.allCases[(first + $0) % 7] })
    }

    private static func isZone(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        // Those without a slash begin with a capital (EST, Japan); any other word is a slip.
        let begins = parts.count > 1 || text.first?.isUppercase == true
        return begins && text.utf8.count <= 64
            && parts.allSatisfy { part in
                part.first?.isLetter == true
                    && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_+-".contains($0)) }
            }
    }
}
