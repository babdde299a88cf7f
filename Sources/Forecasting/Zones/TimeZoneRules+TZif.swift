extension TimeZoneRules {
    /// Reads the bytes of a compiled zoneinfo file, as `/usr/share/zoneinfo/Europe/Berlin`.
    ///
    /// Takes version 2 and later with 64-bit times and the rule at the end; version 1 with its table alone (good to
    /// 2037). Leap seconds are not applied: cluster time counts none. Never traps; at most 1 MiB and 65,536
    /// transitions.
    /// - Source: RFC 8536, section 3.
    package init(tzif bytes: [UInt8], name: String) throws(TimeZoneError) {
        func fail(_ message: String) -> TimeZoneError { TimeZoneError(zone: name, message: message) }
        guard bytes.count <= 1 << 20 else { throw fail("the file is larger than 1 MiB") }
        var reader = TZifReader(bytes: bytes)
        guard var header = reader.header() else { throw fail("not a zoneinfo file (no TZif header)") }
        var timeSize = 4
        if header.version >= UInt8(ascii: "2") {
            guard reader.skip(header.bodySize(timeSize: 4)), let second = reader.header() else {
                throw fail("the file ends before its 64-bit part")
            }
            header = second
            timeSize = 8
        }
        guard header.types >= 1, header.times <= 65_536, header.types <= 256 else {
            throw fail("\(header.types) local time types and \(header.times) transitions are out of range")
        }
        let bodyEnd = reader.index + header.bodySize(timeSize: timeSize)
        guard bodyEnd <= bytes.count else { throw fail("the file ends within its table") }

        var times: [Int64] = []
        for _ in 0..<header.times {
            guard let time = reader.signed(timeSize) else { throw fail("the file ends within its table") }
            guard times.last.map({ $0 < time }) ?? true else { throw fail("transitions are not in order") }
            times.append(time)
        }
        guard let indices = reader.take(header.times) else { throw fail("the file ends within its table") }
        var offsets: [Int64] = []
        for _ in 0..<header.types {
            guard let offset = reader.signed(4), reader.skip(2) else { throw fail("the file ends within its types") }
            guard (-93_600...93_600).contains(offset) else { throw fail("offset \(offset) s is out of range") }
            offsets.append(offset)
        }
        var transitions: [Transition] = []
        for (time, index) in zip(times, indices) {
            guard Int(index) < offsets.count else { throw fail("a transition names no local time type") }
            transitions.append(Transition(at: time, offset: offsets[Int(index)]))
        }

        var rule: PosixTimeZone?
        if timeSize == 8 {
            let footer = bytes[bodyEnd...]
            guard footer.first == 10, let end = footer.dropFirst().firstIndex(of: 10) else {
                throw fail("the rule at the end is missing")
            }
            let text = String(decoding: footer[(footer.startIndex + 1)..<end], as: UTF8.self)
            if !text.isEmpty {
                rule = PosixTimeZone(text)
                if rule == nil { throw fail("'\(text)' is not a POSIX TZ rule") }
            }
        }
        self.init(name: name, initialOffset: offsets.first ?? 0, transitions: transitions, rule: rule)
    }
}

private struct TZifHeader {
    var version: UInt8
    var utcFlags: Int
    var standardFlags: Int
    var leaps: Int
    var times: Int
    var types: Int
    var characters: Int

    /// Each count is below 2^32, so the sum fits 64 bits.
    func bodySize(timeSize: Int) -> Int {
        times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standardFlags + utcFlags
    }
}

private struct TZifReader {
    let bytes: [UInt8]
    var index = 0

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= bytes.count - index else { return nil }
        defer { index += count }
        return bytes[index..<(index + count)]
    }

    mutating func skip(_ count: Int) -> Bool { take(count) != nil }

    /// A big-endian two's complement number of 4 or 8 bytes.
    mutating func signed(_ size: Int) -> Int64? {
        guard let slice = take(size) else { return nil }
        let raw = slice.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: raw)) : Int64(bitPattern: raw)
    }

    mutating func header() -> TZifHeader? {
        guard let magic = take(4), Array(magic) == Array("TZif".utf8), let version = take(1)?.first, skip(15) else {
            return nil
        }
        var counts: [Int] = []
        for _ in 0..<6 {
            guard let slice = take(4) else { return nil }
            counts.append(slice.reduce(0) { $0 << 8 | Int($1) })
        }
        return TZifHeader(
            version: version, utcFlags: counts[0], standardFlags: counts[1], leaps: counts[2], times: counts[3],
            types: counts[4], characters: counts[5])
    }
}
