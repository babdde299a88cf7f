import Testing
import Time
import Traffic

@Suite struct ArrivalProfileTests {
    @Test("has 100 calls in the minute of 8:00 and 10,000 in the minute of 8:30")
    func morningPeakMinutes() throws {
        let peak = try ArrivalProfile.morningPeak()
        let minute = { (index: Int) in
            peak.expectedCalls(until: .seconds(60 * (index + 1))) - peak.expectedCalls(until: .seconds(60 * index))
        }
        #expect(abs(minute(0) - 100) < 1e-6)
        #expect(abs(minute(30) - 10_000) < 1e-6)
        #expect((0..<60).allSatisfy { minute($0) <= 10_000.001 })
        #expect(minute(29) > minute(28) && minute(32) < minute(31))
        #expect(abs(peak.expectedCalls - 303_000) < 1e-6)
        #expect(peak.start == .seconds(8 * 3600))
        #expect(peak.duration == .seconds(3600))
    }

    struct Shape: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var points: [ArrivalProfile.Point]
        var interpolation: ArrivalProfile.Interpolation = .linear
        var calls: Double
    }

    static let shapes = [
        Shape(
            testDescription: "constant",
            points: [.init(at: .zero, callsPerMinute: 60), .init(at: .seconds(10), callsPerMinute: 60)], calls: 10),
        Shape(
            testDescription: "from zero",
            points: [.init(at: .zero, callsPerMinute: 0), .init(at: .seconds(60), callsPerMinute: 1200)], calls: 600),
        Shape(
            testDescription: "down to zero",
            points: [.init(at: .seconds(5), callsPerMinute: 1200), .init(at: .seconds(65), callsPerMinute: 0)],
            calls: 600),
        Shape(
            testDescription: "a gap in the middle",
            points: [
                .init(at: .zero, callsPerMinute: 60), .init(at: .seconds(60), callsPerMinute: 0),
                .init(at: .seconds(120), callsPerMinute: 0), .init(at: .seconds(180), callsPerMinute: 60),
            ], calls: 60),
        Shape(
            testDescription: "steps",
            points: [
                .init(at: .zero, callsPerMinute: 60), .init(at: .seconds(60), callsPerMinute: 600),
                .init(at: .seconds(120), callsPerMinute: 0),
            ], interpolation: .step, calls: 660),
    ]

    @Test("finds back the moment of every expected call", arguments: shapes)
    func inverse(shape: Shape) throws {
        let profile = try ArrivalProfile(points: shape.points, interpolation: shape.interpolation)
        #expect(abs(profile.expectedCalls - shape.calls) < 1e-9)
        for step in 0..<1_000 {
            let calls = profile.expectedCalls * Double(step) / 1_000
            let moment = try #require(profile.time(ofExpectedCalls: calls))
            #expect(abs(profile.expectedCalls(until: moment) - calls) < 1e-4)
        }
        #expect(profile.time(ofExpectedCalls: profile.expectedCalls) == nil)
    }

    @Test("has a rate that is the slope of the expected calls", arguments: shapes)
    func rateIsSlope(shape: Shape) throws {
        let profile = try ArrivalProfile(points: shape.points, interpolation: shape.interpolation)
        let step = Duration.milliseconds(1)
        for index in 1..<500 {
            let moment = profile.duration * index / 500 + .microseconds(500)
            guard moment + step < profile.duration else { continue }
            let slope =
                (profile.expectedCalls(until: moment + step) - profile.expectedCalls(until: moment)) / step.seconds
            #expect(abs(slope - profile.rate(at: moment)) < 0.02)
        }
        #expect(profile.rate(at: .seconds(-1)) == 0)
        #expect(profile.rate(at: profile.duration + .seconds(1)) == 0)
    }

    @Test("keeps the rates or the calls when time is compressed")
    func compression() throws {
        let peak = try ArrivalProfile.morningPeak()
        let rates = try peak.compressed(by: 20, keeping: .rates)
        #expect(rates.duration == .seconds(180))
        #expect(abs(rates.expectedCalls - 15_150) < 1e-3)
        #expect(abs(rates.peakRate - 10_000.0 / 60) < 1e-9)
        let calls = try peak.compressed(by: 20, keeping: .calls)
        #expect(abs(calls.expectedCalls - 303_000) < 1e-2)
        #expect(abs(calls.peakRate - 200_000.0 / 60) < 1e-9)
        #expect(throws: ArrivalProfileError.self) { try peak.compressed(by: 0, keeping: .rates) }
        #expect(throws: ArrivalProfileError.self) { try peak.compressed(by: .nan, keeping: .rates) }
    }

    @Test("refuses points that make no profile, and names the point")
    func refusals() {
        func error(_ points: [ArrivalProfile.Point]) -> ArrivalProfileError? {
            do {
                _ = try ArrivalProfile(points: points)
                return nil
            } catch { return error }
        }
        #expect(error([])?.point == nil)
        #expect(error([.init(at: .zero, callsPerMinute: 1)]) != nil)
        #expect(
            error([.init(at: .seconds(2), callsPerMinute: 1), .init(at: .seconds(1), callsPerMinute: 1)])?.point == 1)
        #expect(error([.init(at: .zero, callsPerMinute: -1), .init(at: .seconds(1), callsPerMinute: 1)])?.point == 0)
        #expect(
            error([.init(at: .zero, callsPerMinute: 1), .init(at: .seconds(1), callsPerMinute: .infinity)])?.point == 1)
        #expect(error([.init(at: .zero, callsPerMinute: 0), .init(at: .seconds(1), callsPerMinute: 0)]) != nil)
    }
}
