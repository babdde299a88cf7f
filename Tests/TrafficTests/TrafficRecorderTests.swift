import Random
import Testing
import Time
import Traffic

@Suite struct TrafficRecorderTests {
    @Test("measures from the intended time, and beside it from the actual send")
    func intendedTime() throws {
        var recorder = TrafficRecorder(deadline: .milliseconds(500))
        // The generator was held up: the call was due at 1 s, left at 3 s, and was answered in 10 ms.
        recorder.arrived(intended: .seconds(1))
        recorder.settled(.right, intended: .seconds(1), sent: .seconds(3), at: .seconds(3) + .milliseconds(10))
        let report = recorder.report(.sample, at: .seconds(4))
        #expect(abs((report.latency?.p50Seconds ?? 0) - 2.010) < 0.005)
        #expect(abs((report.serviceLatency?.p50Seconds ?? 0) - 0.010) < 0.0001)
        #expect(report.counts.late == 1)
    }

    @Test("puts every call into exactly one ending")
    func conservation() {
        var generator = SeededGenerator(seed: 99)
        var recorder = TrafficRecorder(deadline: nil)
        let endings: [CallEnding] = [
            .right, .wrong("w"), .duplicated("d"), .failed("f"), .expired, .refused, .lost("l"), .unanswered("u"),
            .unsent, .interrupted,
        ]
        for index in 0..<5_000 {
            let intended = Duration.milliseconds(index)
            recorder.arrived(intended: intended)
            guard Int.random(in: 0..<10, using: &generator) > 0, let ending = endings.randomElement(using: &generator)
            else { continue }
            recorder.settled(ending, intended: intended, sent: intended, at: intended + .milliseconds(index % 2_000))
        }
        let report = recorder.report(.sample, at: .seconds(8))
        let counts = report.counts
        #expect(counts.offered == 5_000)
        #expect(counts.offered == counts.settled + counts.open)
        #expect(report.seconds.reduce(0) { $0 + $1.arrivals } == 5_000)
        #expect(report.seconds.reduce(0) { $0 + $1.completions } == counts.finished)
        #expect(report.seconds.count == 9)
        #expect(report.seconds.last?.open == counts.open)
        #expect(
            report.reasons.reduce(0) { $0 + $1.count } == counts.wrong + counts.duplicated + counts.failed + counts.lost
                + counts.unanswered)
    }

    @Test("is a success only when something finished and nothing was lost, duplicated, wrong, unanswered or failed")
    func verdict() {
        func verdict(_ ending: CallEnding) -> TrafficVerdict {
            var recorder = TrafficRecorder(deadline: nil)
            recorder.arrived(intended: .zero)
            recorder.arrived(intended: .zero)
            recorder.settled(.right, intended: .zero, sent: .zero, at: .seconds(1))
            recorder.settled(ending, intended: .zero, sent: .zero, at: .seconds(1))
            return recorder.report(.sample, at: .seconds(1)).verdict
        }
        #expect(verdict(.right).isOK)
        #expect(verdict(.refused).isOK)
        #expect(verdict(.expired).isOK)
        #expect(verdict(.lost("gone")).problems == ["1 lost"])
        #expect(verdict(.duplicated("two ids")).problems == ["1 duplicated"])
        #expect(verdict(.wrong("argmax")).problems == ["1 wrong"])
        #expect(verdict(.unanswered("closed")).problems == ["1 unanswered"])
        #expect(verdict(.failed("status 500")).problems == ["1 failed"])
        #expect(TrafficVerdict(TrafficCounts()).problems == ["nothing finished"])
    }

    @Test("keeps a bounded number of reasons and loses none of their counts")
    func reasons() {
        var recorder = TrafficRecorder(deadline: nil)
        for index in 0..<200 {
            recorder.arrived(intended: .zero)
            recorder.settled(.failed("reason \(index)"), intended: .zero, sent: nil, at: .zero)
        }
        let reasons = recorder.report(.sample, at: .seconds(1)).reasons
        #expect(reasons.count == TrafficRecorder.maximumReasons + 1)
        #expect(reasons.reduce(0) { $0 + $1.count } == 200)
        #expect(reasons.first == .init(text: "other reasons", count: 180))
    }

    @Test("gives each second the percentiles of the calls that finished in it")
    func seconds() throws {
        var recorder = TrafficRecorder(deadline: nil)
        for (second, milliseconds) in [(0, 10), (2, 300)] {
            for _ in 0..<100 {
                recorder.arrived(intended: .seconds(second))
                recorder.settled(
                    .right, intended: .seconds(second), sent: .seconds(second),
                    at: .seconds(second) + .milliseconds(milliseconds))
            }
        }
        let seconds = recorder.report(.sample, at: .seconds(3)).seconds
        #expect(abs((seconds[0].p99Seconds ?? 0) - 0.010) < 1e-4)
        #expect(seconds[1].p99Seconds == nil)
        #expect(abs((seconds[2].p50Seconds ?? 0) - 0.300) < 1e-3)
    }
}

extension TrafficReport.Description {
    static let sample = TrafficReport.Description(profile: "test", model: "digits", target: "here", loop: .open)
}
