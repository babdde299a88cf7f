import Jobs
import Operations
import ScalerCore
import Testing
import Time

@Suite struct CountingTests {
    let minute = Timestamp(microseconds: 600_000_000)

    private func snapshot(_ submitted: Int) -> QueueSnapshot {
        QueueSnapshot(depth: QueueDepth(waiting: 0, inFlight: 0, due: 0), submitted: submitted, oldestWaiting: nil)
    }

    @Test("arrivals are counted in the minute in which they were seen; those before the first look are not")
    func arrivals() throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        var counter = ArrivalCounter()
        var counts: [Int64: Int] = [:]
        func look(_ submitted: Int, at now: Timestamp) {
            guard let batch = counter.note([queue: snapshot(submitted)], at: now) else { return }
            counts[batch.time.microseconds / 60_000_000, default: 0] += batch.arrivals[queue] ?? 0
        }
        for second in 0..<180 { look(5_000 + 10 * second, at: minute + .seconds(second)) }
        if let rest = counter.finish() {
            counts[rest.time.microseconds / 60_000_000, default: 0] += rest.arrivals[queue] ?? 0
        }
        #expect(counts.values.reduce(0, +) == 1_790)
        #expect(counts[11] == 600)
    }

    @Test("after a gap without looks nothing is guessed")
    func gap() throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        var counter = ArrivalCounter()
        _ = counter.note([queue: snapshot(0)], at: minute)
        _ = counter.note([queue: snapshot(1_000)], at: minute + .seconds(600))
        #expect(counter.finish()?.arrivals[queue] == 0)
    }

    @Test("what workers did while another scaler led is not counted", arguments: [10, 3_600])
    func led(seconds: Int) {
        var fleet = Fleet()
        var meter = UsageMeter()
        func look(_ settled: Int, at second: Int) {
            let report = WorkerReport(
                id: "a", pool: "cpu", state: .ready, started: minute, startUp: .zero, held: 1, settled: settled)
            _ = fleet.note([report], at: minute + .seconds(second))
            _ = meter.note(fleet, prices: ["cpu": 36], at: minute + .seconds(second))
        }
        look(100, at: 0)
        look(110, at: 1)
        if seconds < 60 { meter.restart() }
        look(5_000, at: 1 + seconds)
        look(5_007, at: 2 + seconds)
        let total = meter.take()
        #expect(total[UsageKey(.jobs, pool: "cpu")] == 17)
        #expect(total[UsageKey(.busy, pool: "cpu")] == 2_000)
    }

    @Test("a start-up between two looks is counted as such")
    func shortStartUp() {
        var fleet = Fleet()
        var meter = UsageMeter()
        _ = meter.note(fleet, prices: [:], at: minute)
        fleet.noteStart("a", in: "cpu", at: minute)
        let report = WorkerReport(
            id: "a", pool: "cpu", state: .ready, started: minute, startUp: .milliseconds(90), models: [])
        _ = fleet.note([report], at: minute + .milliseconds(250))
        _ = meter.note(fleet, prices: [:], at: minute + .milliseconds(250))
        _ = meter.note(fleet, prices: [:], at: minute + .milliseconds(500))
        let total = meter.take()
        #expect(total[UsageKey(.starting, pool: "cpu")] == 90)
        #expect(total[UsageKey(.idle, pool: "cpu")] == 410)
    }
}
