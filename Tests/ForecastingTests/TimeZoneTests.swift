import Foundation
import Testing

@testable import Forecasting

func zone(_ name: String) throws -> TimeZoneRules {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)"))
    return try TimeZoneRules(tzif: Array(bytes), name: name)
}

@Suite struct TimeZoneTests {
    @Test("reads each half hour of 2024 to 2037 as Python's zoneinfo does", arguments: zoneTable)
    func readsLikePython(row: (zone: String, readings: Int, sum: UInt64)) throws {
        let rules = try zone(row.zone)
        var local: Int64 = 1_704_067_200
        var sum: UInt64 = 0
        for _ in 0..<row.readings {
            let instant = rules.reading(of: local).instant
            let term = instant + 7 * rules.offset(at: instant)
            sum = (sum &* 31 &+ UInt64(term)) % (1 << 61)
            local += 1_800
        }
        #expect(sum == row.sum)
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
