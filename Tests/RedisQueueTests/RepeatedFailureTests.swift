import Logging
import TestKit
import TestSupport
import Testing
import Time

@testable import RedisQueue

@Suite struct RepeatedFailureTests {
    private struct Broken: Error {}

    @Test("says what goes on failing once a minute with a count, and its end once")
    func sayings() {
        let log = RecordedLog()
        let clock = ManualClock()
        let failure = RepeatedFailure(
            "it fails", over: "it works", logger: log.logger, timing: QueueTiming(steady: clock))
        let start = Timestamp.zero
        func fail(at moment: Timestamp) {
            clock.set(moment)
            failure.failed(Broken())
        }
        failure.ended()
        #expect(log.lines(.notice).isEmpty)
        for step in 0..<600 { fail(at: start + .milliseconds(200 * step)) }
        #expect(log.lines(.error).count == 2)
        #expect(log.lines(.error).last?.contains("(301 times so far)") == true)
        failure.ended()
        failure.ended()
        #expect(log.lines(.notice).count == 1)
        fail(at: start + .seconds(121))
        #expect(log.lines(.error).count == 3)
    }
}
