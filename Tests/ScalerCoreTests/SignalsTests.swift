import Jobs
import ScalerCore
import Scaling
import Testing

@Suite struct SignalsTests {
    @Test("start-up times: median and 95th percentile of the last 64")
    func startUps() {
        var times = StartUpTimes()
        #expect(times.measured == nil)
        for _ in 0..<100 { times.add(.seconds(50)) }
        for number in 1...64 { times.add(.milliseconds(number)) }
        #expect(times.measured == StartUpTime(median: .milliseconds(32), slow: .milliseconds(61)))
    }

    @Test("rows per job follow what workers settle, are not said of few jobs, and are never below one")
    func rowsPerJob() {
        var rows = RowsPerJob()
        func snapshot(submitted: Int, waiting: Int) -> QueueSnapshot {
            QueueSnapshot(
                depth: QueueDepth(waiting: waiting, inFlight: 0, due: 0), submitted: submitted, oldestWaiting: nil)
        }
        rows.note(snapshot(submitted: 5_000, waiting: 0))
        rows.note(rows: ["old": 70_000])
        rows.note(snapshot(submitted: 5_110, waiting: 100))
        #expect(rows.measured == nil)
        rows.note(snapshot(submitted: 5_110, waiting: 10))
        #expect(rows.measured == 1, "reports are late")
        rows.note(rows: ["old": 70_300, "new": 100])
        #expect(rows.measured == 4)
    }
}
