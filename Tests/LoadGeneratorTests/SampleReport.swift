import Random
import Time
import Traffic

/// A report as a cluster of up to four workers would cause it, from a fluid model of a queue: each worker serves 60 calls a
/// second, takes 1.2 s to start, and is asked for when more than a second of work waits.
func makeSampleReport(speed: Double = 20) throws -> TrafficReport {
    let shape = try ArrivalProfile.morningPeak().compressed(by: speed, keeping: .rates)
    var arrivals = ArrivalSequence(shape, process: .poisson, using: SeededGenerator(seed: 8))
    var recorder = TrafficRecorder(deadline: .seconds(5))
    var waiting: [Duration] = []
    var next = arrivals.next()
    var (ready, starting, credit) = (0, [Duration](), 0.0)
    var now = Duration.zero
    while next != nil || !waiting.isEmpty {
        if now.wholeMilliseconds % 250 == 0 {
            recorder.sampled(
                ClusterSample(
                    elapsedSeconds: now.seconds, waiting: waiting.count, inFlight: min(waiting.count, ready * 8),
                    due: 0,
                    pools: [
                        "cpu": .init(
                            starting: starting.count, ready: min(ready, 3), draining: 0, maximum: 3, pricePerHour: 0.1),
                        "gpu": .init(starting: 0, ready: max(ready - 3, 0), draining: 0, maximum: 1, pricePerHour: 1.2),
                    ]), at: now)
        }
        while let arrival = next, arrival <= now {
            recorder.arrived(intended: arrival)
            recorder.accepted()
            waiting.append(arrival)
            next = arrivals.next()
        }
        let live = ready + starting.count
        if live < 4, starting.isEmpty, Double(waiting.count) > Double(ready) * 30 {
            starting.append(now + .milliseconds(1_200))
            recorder.decided(
                DecisionMark(
                    elapsedSeconds: now.seconds, pool: live < 3 ? "cpu" : "gpu", wanted: live < 3 ? live + 1 : 1,
                    reason: "\(waiting.count) jobs wait for \(ready) workers; their deadline needs \(live + 1)"))
        }
        ready += starting.count { $0 <= now }
        starting.removeAll { $0 <= now }
        if shape.rate(at: now) < 20, ready > 1 { ready -= 1 }
        credit = waiting.isEmpty ? 0 : credit + Double(ready) * 0.6
        let served = min(Int(credit), waiting.count)
        credit -= Double(served)
        for arrival in waiting.prefix(served) {
            recorder.settled(.right, intended: arrival, sent: arrival, at: now + .milliseconds(12))
        }
        waiting.removeFirst(served)
        now += .milliseconds(10)
    }
    return recorder.report(
        TrafficReport.Description(
            profile: "morning-peak", model: "magika", target: "http://127.0.0.1:8000", loop: .open, process: .poisson,
            speed: speed, compression: .rates, seed: 8, asynchronousShare: 0.5, deadlineSeconds: 5,
            expectedCalls: shape.expectedCalls, profileStartSeconds: 8 * 3_600, started: "2025-01-01T08:00:00Z"),
        at: now)
}
