import Random
import TestKit
import Testing
import Time

@Suite struct DurationTextTests {
    @Test(
        "reads durations exactly",
        arguments: [
            ("0s", .zero), ("250ms", .milliseconds(250)), ("1.5s", .milliseconds(1_500)),
            ("0.000001s", .microseconds(1)),
            ("5m", .seconds(300)), ("1h", .seconds(3_600)), ("30d", .seconds(2_592_000)), ("1_000us", .milliseconds(1)),
            ("10 s", .seconds(10)),
        ] as [(String, Duration)])
    func durations(_ text: String, _ expected: Duration) {
        #expect(Duration(text: text) == expected)
    }

    @Test(
        "refuses what is no duration",
        arguments: [
            "", "s", "10", "-1s", "1.s", ".5s", "1,5s", "010s", "1e3s", "10 sec", "99999999999d", "1__0s", "١s",
        ])
    func noDurations(_ text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test("writes what it reads, in the largest unit that divides it")
    func roundTrip() {
        var generator = SeededGenerator()
        for _ in 0..<1_000 {
            let duration = Duration.microseconds(Int64.random(in: 0...1_000_000_000_000, using: &generator))
            #expect(Duration(text: duration.text) == duration, "seed \(generator.seed)")
        }
        #expect(Duration.seconds(60).text == "1m" && Duration.milliseconds(1_500).text == "1500ms")
    }
}
