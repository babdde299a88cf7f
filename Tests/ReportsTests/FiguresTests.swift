import Reports
import Testing

@Suite struct FiguresTests {
    @Test(
        "a duration has three digits and the unit that suits",
        arguments: [
            (0, "0 s"), (0.000_85, "850 µs"), (0.0123, "12.3 ms"), (0.9999, "1,000 ms"), (1.254, "1.25 s"),
            (99.96, "100 s"),
            (200, "3 min 20 s"), (7_260, "2 h 1 min"), (.infinity, "–"), (.nan, "–"),
        ])
    func durations(seconds: Double, text: String) { #expect(Figures.duration(seconds) == text) }

    @Test(
        "a share has decimals where they say more",
        arguments: [(0, "0 %"), (0.004_6, "0.46 %"), (0.046, "4.6 %"), (0.46, "46 %"), (12, "1,200 %")])
    func shares(value: Double, text: String) { #expect(Figures.share(value) == text) }

    @Test("an attainment below 100 % is never shown as 100 %")
    func attainment() {
        #expect(Figures.attainment(1) == "100 %")
        #expect(Figures.attainment(0.999_999_9) == "99.999 %")
        #expect(Figures.attainment(0.5) == "50.000 %")
    }

    @Test("a difference carries its sign; what is not known is a dash")
    func differences() {
        #expect(Figures.difference(0.027) == "+2.7 %")
        #expect(Figures.difference(-0.13) == "-13.0 %")
        #expect(Figures.difference(11.43) == "+1,143 %")
        #expect(Figures.difference(nil) == "–")
    }

    @Test("numbers that no integer holds do not trap")
    func extremes() {
        for value in [Double.infinity, -.infinity, .nan, 1e300, -1e300, .leastNonzeroMagnitude] {
            #expect(!Figures.decimal(value, 2).isEmpty && !Figures.duration(value).isEmpty)
            #expect(!Figures.share(value).isEmpty && !Figures.timeOfDay(value, showsSeconds: true).isEmpty)
        }
    }
}
