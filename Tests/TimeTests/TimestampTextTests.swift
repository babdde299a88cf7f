import Random
import TestKit
import Testing
import Time

@Suite struct TimestampTextTests {
    @Test(
        "moments are read in the forms that people write",
        arguments: [
            ("now", "2026-06-01 08:30:00Z"), ("08:00", "2026-06-01 08:00:00Z"), ("08:31", "2026-05-31 08:31:00Z"),
            ("10m", "2026-06-01 08:20:00Z"), ("1h ago", "2026-06-01 07:30:00Z"),
            ("2024-02-29T23:59:58Z", "2024-02-29 23:59:58Z"), ("2026-05-31 08:30", "2026-05-31 08:30:00Z"),
            ("1970-01-01", "1970-01-01 00:00:00Z"),
        ])
    func moments(text: String, expected: String) throws {
        let now = Timestamp(microseconds: 1_780_302_600_000_000)
        #expect(MomentText.text(try #require(MomentText.moment(text, now: now))) == expected)
    }

    @Test(
        "what is no moment is refused",
        arguments: ["", "25:00", "08:60", "8:30", "2026-02-30", "2026-13-01", "2026-06-01T08", "yesterday", "-5m"])
    func noMoments(text: String) {
        #expect(MomentText.moment(text, now: Timestamp(microseconds: 1_780_302_600_000_000)) == nil)
    }

    @Test(
        "reads RFC 3339 and what people make of it, to the microsecond",
        arguments: [
            ("2026-06-01T08:30:00Z", 1_780_302_600_000_000), ("2026-06-01 08:30", 1_780_302_600_000_000),
            ("2026-06-01T10:30:00+02:00", 1_780_302_600_000_000), ("2026-06-01T04:00:00-0430", 1_780_302_600_000_000),
            ("2026-06-01T08:30:00.25Z", 1_780_302_600_250_000),
            ("2026-06-01t08:30:00,1234567 UTC", 1_780_302_600_123_456),
            ("1970-01-01", 0), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ])
    func reads(text: String, microseconds: Int64) {
        #expect(Timestamp(text: text) == Timestamp(microseconds: microseconds))
    }

    @Test(
        "refuses what is no moment",
        arguments: [
            "2026-02-29", "1969-12-31", "2026-06-01T", "2026-06-01T24:00", "2026-06-01T08:30:00+16",
            "2026-06-01T08:30X",
            "2026-06-01T08:30:00.", "26-06-01", "2026-6-1", "٢٠٢٦-06-01", "2026-06-01T08:30:00Z ",
        ])
    func refuses(text: String) { #expect(Timestamp(text: text) == nil) }

    @Test("what is written is read as the same, and bytes of any kind never trap")
    func roundTrip() {
        var generator = SeededGenerator()
        for _ in 0..<2_000 {
            let time = Timestamp(microseconds: Int64.random(in: 0...253_402_300_799_999, using: &generator) * 1_000)
            #expect(Timestamp(text: UTC(time).rfc3339) == time, "seed \(generator.seed)")
            #expect(Timestamp(text: UTC(time).milliseconds) == time, "seed \(generator.seed)")
            let noise = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                Array("0123456789-:TZ+ .".utf8).randomElement(using: &generator) ?? 0
            }
            _ = Timestamp(text: String(decoding: noise, as: UTF8.self))
        }
        #expect(UTC(Timestamp(microseconds: -1)).rfc3339 == "1969-12-31T23:59:59.999Z")
    }
}
