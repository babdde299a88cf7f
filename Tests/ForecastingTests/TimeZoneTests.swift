import Foundation
import Testing

@testable import Forecasting
import Time

func zone(_ name: String) throws -> TimeZoneRules {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)"))
    return try TimeZoneRules(tzif: Array(bytes), name: name)
}

/// Zones whose clocks change in unlike ways: south of the equator, by half an hour, at midnight, by decree, never.
let zones = """
    Europe/Berlin Europe/London Europe/Dublin Europe/Lisbon America/New_York America/Los_Angeles America/Sao_Paulo \
    America/St_Johns America/Nuuk America/Santiago America/Havana Australia/Sydney Australia/Lord_Howe Asia/Tokyo \
    Asia/Kolkata Asia/Kathmandu Asia/Jerusalem Asia/Gaza Asia/Beirut Africa/Cairo Africa/Casablanca Pacific/Auckland \
    Pacific/Chatham Pacific/Apia Pacific/Kiritimati Pacific/Easter Atlantic/Azores Antarctica/Troll Asia/Tehran UTC
    """.split(separator: " ").map(String.init)

/// What `zone_readings.py` counted and summed.
func pythonReadings(of zone: String) throws -> (count: Int, sum: UInt64) {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("zone_readings.py")
    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    python.arguments = ["python3", script.path, zone]
    let output = Pipe()
    python.standardOutput = output
    try python.run()
    let text = try #require(String(data: output.fileHandleForReading.readDataToEndOfFile(), encoding: .utf8))
    python.waitUntilExit()
    let fields = text.split { $0 == " " || $0 == "\n" }
    try #require(python.terminationStatus == 0 && fields.count == 2)
    return (try #require(Int(fields[0])), try #require(UInt64(fields[1])))
}

@Suite struct TimeZoneTests {
    @Test("reads 2024 to 2037 as Python's zoneinfo does, from the zone files of this machine", arguments: zones)
    func readsLikePython(name: String) throws {
        let expected = try pythonReadings(of: name)
        let rules = try zone(name)
        var local: Int64 = 1_704_067_200
        var sum: UInt64 = 0
        for _ in 0..<expected.count {
            let instant = rules.reading(of: local).instant
            let term = instant + 7 * rules.offset(at: instant)
            sum = (sum &* 31 &+ UInt64(term)) % (1 << 61)
            local += 101 * 60
        }
        #expect(expected.count > 70_000)
        #expect(sum == expected.sum)
    }

    @Test("a reading that does not exist is as much later; of two the first counts")
    func changesOfTheClock() throws {
        let berlin = try zone("Europe/Berlin")
        let spring = Int64(try #require(CivilDate(year: 2026, month: 3, day: 29)).daysSinceEpoch) * 86_400
        let autumn = Int64(try #require(CivilDate(year: 2026, month: 10, day: 25)).daysSinceEpoch) * 86_400
        #expect(berlin.reading(of: spring + 9_000) == .never(spring + 5_400))
        #expect(berlin.reading(of: autumn + 9_000) == .twice(first: autumn + 1_800, second: autumn + 5_400))
        #expect(berlin.reading(of: autumn + 30_600) == .once(autumn + 27_000))
    }

    @Test("damaged zone files are refused and never trap")
    func damagedFiles() throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/Europe/Berlin")))
        var refused = 0
        for length in 0..<bytes.count {
            #expect(throws: TimeZoneError.self) { try TimeZoneRules(tzif: Array(bytes.prefix(length)), name: "cut") }
        }
        for index in bytes.indices {
            for value: UInt8 in [0, 127, 255] {
                var damaged = bytes
                damaged[index] = value
                do {
                    let rules = try TimeZoneRules(tzif: damaged, name: "damaged")
                    _ = rules.reading(of: 4_000_000_000)
                } catch { refused += 1 }
            }
        }
        #expect(refused > 100)
    }

    @Test(
        "texts that are no POSIX rule are refused",
        arguments: ["", "CE", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0", "<+03-3", "CET-25"])
    func refusesRules(text: String) { #expect(PosixTimeZone(text) == nil) }
}
