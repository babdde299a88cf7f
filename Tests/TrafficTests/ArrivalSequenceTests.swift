import Random
import Testing
import Time
import Traffic

@Suite struct ArrivalSequenceTests {
    private func arrivals(_ process: ArrivalProcess, seed: UInt64 = 7, speed: Double = 60) throws -> [Duration] {
        let profile = try ArrivalProfile.morningPeak().compressed(by: speed, keeping: .rates)
        return Array(ArrivalSequence(profile, process: process, using: SeededGenerator(seed: seed)))
    }

    @Test("comes in order and within the profile", arguments: ArrivalProcess.allCases)
    func ordered(process: ArrivalProcess) throws {
        let all = try arrivals(process)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(all.allSatisfy { $0 >= .zero && $0 <= .seconds(60) })
    }

    @Test("is the same for the same seed and another for another seed")
    func deterministic() throws {
        #expect(try arrivals(.poisson, seed: 1) == arrivals(.poisson, seed: 1))
        #expect(try arrivals(.poisson, seed: 1) != arrivals(.poisson, seed: 2))
    }

    @Test("sends exactly the expected number when even, and within five standard deviations when Poisson")
    func totals() throws {
        #expect(try arrivals(.even).count == 5_050)
        for seed in UInt64(0)..<20 {
            let count = try arrivals(.poisson, seed: seed).count
            #expect(abs(Double(count) - 5_050) < 5 * 5_050.0.squareRoot(), "seed \(seed)")
        }
    }

    @Test("follows the rate in every part of the profile")
    func followsRate() throws {
        let profile = try ArrivalProfile.morningPeak()
        let all = Array(ArrivalSequence(profile, process: .poisson, using: SeededGenerator(seed: 3)))
        for minute in 0..<60 {
            let (from, to) = (Duration.seconds(60 * minute), Duration.seconds(60 * (minute + 1)))
            let expected = profile.expectedCalls(until: to) - profile.expectedCalls(until: from)
            let actual = Double(all.count { $0 >= from && $0 < to })
            #expect(abs(actual - expected) < 5 * expected.squareRoot(), "minute \(minute)")
        }
    }

    @Test("has gaps whose spread equals their mean when Poisson, and none when even")
    func gaps() throws {
        let points = [
            ArrivalProfile.Point(at: .zero, callsPerMinute: 6_000),
            ArrivalProfile.Point(at: .seconds(600), callsPerMinute: 6_000),
        ]
        let profile = try ArrivalProfile(points: points)
        func variation(_ process: ArrivalProcess) -> Double {
            let all = Array(ArrivalSequence(profile, process: process, using: SeededGenerator(seed: 11)))
            let gaps = zip(all.dropFirst(), all).map { ($0 - $1).seconds }
            let mean = gaps.reduce(0, +) / Double(gaps.count)
            let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
            return variance.squareRoot() / mean
        }
        #expect(abs(variation(.poisson) - 1) < 0.03)
        #expect(variation(.even) < 1e-3)
    }

    @Test("passes over arrivals up to a given moment", arguments: ArrivalProcess.allCases)
    func nextArrival(process: ArrivalProcess) throws {
        let profile = try ArrivalProfile.morningPeak()
        var sequence = ArrivalSequence(profile, process: process, using: SeededGenerator(seed: 5))
        let found = sequence.nextArrival(after: .seconds(1_800))
        let middle = try #require(found)
        #expect(middle > .seconds(1_800) && middle < .seconds(1_801))
        let following = sequence.next()
        #expect(try #require(following) >= middle)
        let beyond = sequence.nextArrival(after: .seconds(3_600))
        #expect(beyond == nil)
    }
}
