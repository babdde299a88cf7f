import Testing
import Time

@testable import Forecasting

private func at(_ date: String, _ hours: Int = 0, _ minutes: Int = 0) throws -> Timestamp {
    let days = try #require(CivilDate(date)).daysSinceEpoch
    return Timestamp.zero + .seconds(days * 86_400 + hours * 3_600 + minutes * 60)
}

@Suite struct CalendarEventTests {
    @Test("the morning peak keeps its local time across the change of the clock")
    func morningPeak() throws {
        let event = try CalendarEvent("10,000 calls at 08:30, weekdays, Europe/Berlin")
        let calendar = EventCalendar(events: [event], zones: ["Europe/Berlin": try zone("Europe/Berlin")])
        let spans = calendar.expected(from: try at("2026-03-27"), to: try at("2026-03-31"))
        #expect(try spans.map(\.starts) == [at("2026-03-27", 7, 30), at("2026-03-30", 6, 30)])
        #expect(try spans.map(\.ends) == [at("2026-03-27", 7, 31), at("2026-03-30", 6, 31)])
        #expect(abs(spans[0].jobsPerSecond - 10_000.0 / 60) < 1e-9)
    }

    @Test("every part of the one-line form is read")
    func wholeForm() throws {
        let event = try CalendarEvent(
            "payroll: 600 calls per minute at 23:50:10 for 30m ramping, mon-wed fri, America/New_York, until 2026-12-31"
        )
        #expect(
            event
                == CalendarEvent(
                    name: "payroll", volume: .callsPerSecond(10), secondOfDay: 85_810, duration: .seconds(1_800),
                    shape: .ramp, days: .weekly([.monday, .tuesday, .wednesday, .friday]), zone: "America/New_York",
                    until: CivilDate("2026-12-31")))
        let calls = event.expected(from: try at("2026-11-20"), to: try at("2026-11-23"), in: .utc)
            .reduce(0) { $0 + $1.jobsPerSecond * ($1.ends - $1.starts).seconds }
        #expect(abs(calls - 18_000) < 1)
    }

    @Test("dates and the last day bound an event")
    func bounds() throws {
        let event = try CalendarEvent("5 calls at 00:00, 2026-12-24 and 2026-12-31, until 2026-12-30")
        let spans = event.expected(from: try at("2026-12-01"), to: try at("2027-02-01"), in: .utc)
        #expect(try spans.map(\.starts) == [at("2026-12-24")])
    }

    @Test(
        "zones without a slash are zones, as in the forecast",
        arguments: ["EST", "CET", "GMT", "Japan", "EST5EDT", "Etc/GMT+5", "UTC"])
    func plainZones(name: String) throws {
        #expect(try CalendarEvent("10 calls at 08:30, weekdays, \(name)").zone == name)
    }

    @Test(
        "a count that is ten to some and ten thousand to others is refused",
        arguments: ["10.000", "1.234.567", "250.000"])
    func ambiguousCounts(count: String) {
        #expect {
            try CalendarEvent("\(count) calls at 08:30")
        } throws: {
            let error = $0 as? CalendarTextError
            return error?.column == 1 && error?.message.contains("write \(count.filter { $0 != "." })") == true
        }
    }

    @Test(
        "counts that mean one thing are read",
        arguments: [("10,000", 10_000), ("10_000", 10_000), ("0.500", 0.5), ("2.5", 2.5)])
    func clearCounts(count: String, calls: Double) throws {
        #expect(try CalendarEvent("\(count) calls at 08:30").volume == .calls(calls))
    }

    @Test(
        "an event is over when its last day has passed, its duration included",
        arguments: [
            ("5 calls at 08:30, until 2026-06-01", true), ("5 calls at 08:30, until 2026-06-02", false),
            ("5 calls at 08:30, 2026-05-01 2026-06-01", true), ("5 calls at 08:30, 2026-05-01 2027-06-01", false),
            ("5 calls at 23:00 for 14h, 2026-06-01", false), ("5 calls at 08:30", false),
            ("5 calls at 08:30, 2026-05-01 2027-06-01, until 2026-05-30", true),
        ])
    func over(text: String, isOver: Bool) throws {
        #expect(try CalendarEvent(text).isOver(at: at("2026-06-02", 8), in: .utc) == isOver)
    }

    @Test(
        "an error names its column",
        arguments: [
            ("", 1), ("many calls at 08:30", 1), ("10 jobs at 08:30", 4), ("10 calls by 08:30", 10),
            ("10 calls at 24:00", 13), ("10 calls at 08:30, sometimes", 20), ("10 calls at 08:30 for 1y", 23),
            ("10 calls per minute at 08:30", 29), ("10 calls at 08:30, daily, weekdays", 27),
            ("10 calls at 08:30, until 2026-02-30", 26), ("10 calls at 08:30,", 19), ("x: 0 calls at 08:30", 4),
        ])
    func errors(text: String, column: Int) {
        #expect { try CalendarEvent(text) } throws: { ($0 as? CalendarTextError)?.column == column }
    }
}
