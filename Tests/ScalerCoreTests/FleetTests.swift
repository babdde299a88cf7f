import Jobs
import ScalerCore
import Scaling
import Testing
import Time

@Suite struct FleetTests {
    let start = Timestamp(microseconds: 1_000_000)

    func report(
        _ id: String, _ state: WorkerReport.State = .ready, started: Timestamp = .zero, held: Int = 0,
        models: [WorkerReport.ModelReport] = []
    ) -> WorkerReport {
        WorkerReport(
            id: id, pool: "cpu", state: state, started: started, startUp: state == .starting ? nil : .milliseconds(500),
            held: held, models: models)
    }

    @Test("start-up counts from the order to start until ready, not from when the process had begun")
    func measuresStartUp() {
        var fleet = Fleet()
        fleet.noteStart("a", in: "cpu", at: start)
        #expect(fleet.observation(of: "cpu", unavailable: nil, at: start + .seconds(1)).starting == [.seconds(1)])
        let known = fleet.note([report("a", started: start + .milliseconds(40))], at: start + .seconds(2))
        #expect(known.map(\.startUp) == [.milliseconds(540)])
        let seen = fleet.observation(of: "cpu", unavailable: nil, at: start + .seconds(2))
        #expect(seen.startUp == StartUpTime(median: .milliseconds(540), slow: .milliseconds(540)))
        #expect(seen.idle == 1)
        #expect(seen.startsSucceeded == 1)
    }

    @Test("a report that was read before the worker's end does not bring it back")
    func staysEnded() {
        var fleet = Fleet()
        fleet.noteStart("a", in: "cpu", at: start)
        #expect(fleet.noteEnd("a") == .failedToStart)
        _ = fleet.note([report("a")], at: start)
        fleet.noteStart("a", in: "cpu", at: start)
        #expect(fleet.members.isEmpty)
        #expect(fleet.noteEnd("a") == .unknown)
    }

    @Test("the end of a worker means what its phase says")
    func endings() {
        var fleet = Fleet()
        for id in ["ready", "leaving", "hung"] { fleet.noteStart(id, in: "cpu", at: start) }
        _ = fleet.note([report("ready"), report("leaving"), report("hung", .draining)], at: start)
        fleet.noteLeaving("leaving")
        #expect(fleet.noteEnd("ready") == .died)
        #expect(fleet.noteEnd("leaving") == .left)
        #expect(fleet.noteEnd("hung") == .left)
    }

    @Test("a worker whose lease is over has others in its place, and counts again when it reports again")
    func silence() {
        var fleet = Fleet()
        fleet.noteStart("a", in: "cpu", at: start)
        let readable = start - .seconds(60)
        var now = start + .seconds(1)
        _ = fleet.note([report("a", held: 3)], readable: readable, at: now)
        now = now + .seconds(1)
        _ = fleet.note([], readable: readable, at: now)
        #expect(fleet.observation(of: "cpu", unavailable: nil, at: now).busy == 1, "a renewal may be late")
        now = now + .seconds(1)
        _ = fleet.note([], readable: readable, at: now)
        let seen = fleet.observation(of: "cpu", unavailable: nil, at: now)
        #expect(seen.ready == 0 && seen.leaving == 1)
        #expect(fleet.silent == ["a"])
        #expect(fleet.idle(in: "cpu", upTo: 1).isEmpty)
        _ = fleet.note([report("a")], readable: readable, at: now + .seconds(30))
        #expect(fleet.observation(of: "cpu", unavailable: nil, at: now).idle == 1)
        #expect(fleet.noteEnd("a") == .died)
    }

    @Test("after an outage of the queue workers have the time of a lease to report again")
    func silenceAfterOutage() {
        var fleet = Fleet()
        fleet.noteStart("a", in: "cpu", at: start)
        _ = fleet.note([report("a")], readable: start, at: start)
        let back = start + .seconds(100)
        _ = fleet.note([], readable: back, at: back + .seconds(4))
        #expect(fleet.silent.isEmpty)
        _ = fleet.note([], readable: back, at: back + .seconds(5))
        #expect(fleet.silent == ["a"])
    }

    @Test("somebody else's workers count while they report, and are never chosen")
    func strangers() {
        var fleet = Fleet()
        _ = fleet.note([report("theirs")], at: start)
        #expect(fleet.observation(of: "cpu", unavailable: nil, at: start).idle == 1)
        #expect(fleet.idle(in: "cpu", upTo: 1).isEmpty)
        _ = fleet.note([], at: start)
        #expect(fleet.observation(of: "cpu", unavailable: nil, at: start).ready == 0)
    }

    @Test("a silent worker hangs only if reports could be read for as long")
    func hung() {
        var fleet = Fleet()
        fleet.noteStart("a", in: "cpu", at: start)
        _ = fleet.note([report("a")], at: start)
        let later = start + .seconds(100)
        func hung(readable: Timestamp) -> [String] {
            fleet.hung(at: later, readable: readable, startLimit: { _ in .seconds(120) }, silence: .seconds(60))
        }
        #expect(hung(readable: start) == ["a"])
        #expect(hung(readable: later - .seconds(5)).isEmpty)
    }

    @Test("what a count ordered starts until it is seen, and has failed when it does not come")
    func orders() {
        var fleet = Fleet()
        func seen(_ now: Timestamp) -> [Duration] { fleet.observation(of: "cpu", unavailable: nil, at: now).starting }
        _ = fleet.note([report("b")], at: start)
        fleet.noteCount(4, of: "cpu", at: start)
        #expect(seen(start + .seconds(1)) == Array(repeating: .seconds(1), count: 3))
        // The same count again orders nothing new; a greater one does.
        fleet.noteCount(4, of: "cpu", at: start + .seconds(1))
        fleet.noteCount(5, of: "cpu", at: start + .seconds(2))
        #expect(seen(start + .seconds(2)) == [.zero, .seconds(2), .seconds(2), .seconds(2)])
        // A pod is told, another reports first.
        fleet.noteStart("w-1_0123abcd", in: "cpu", at: start + .seconds(2))
        _ = fleet.note(
            [report("b"), report("w-1_0123abcd", .starting), report("w-2_0123abcd", .starting)],
            at: start + .seconds(2))
        fleet.noteStart("w-2_0123abcd", in: "cpu", at: start + .seconds(2))
        #expect(seen(start + .seconds(3)) == [.seconds(1), .seconds(1), .seconds(3), start + .seconds(3) - .zero])
        let overdue = fleet.giveUpOrders(at: start + .seconds(11), limits: ["cpu": .seconds(10)])
        #expect(overdue.map(\.pool) == ["cpu"] && overdue.map(\.count) == [1])
        #expect(fleet.pools["cpu"]?.failed == 1)
        #expect(fleet.observation(of: "other", unavailable: nil, at: start).starting == [])
    }

    @Test("a pod that calls each boot a later one is one worker, and is not killed for the first that never comes")
    func phantom() {
        let (first, second) = ("w-1_0123abcd", "w-1_0123abcd_00c0ffee")
        for isToldFirst in [true, false] {
            var fleet = Fleet()
            if isToldFirst { fleet.noteStart(first, in: "cpu", at: start) }
            let known = fleet.note([report(second, started: start + .seconds(3), held: 2)], at: start + .seconds(4))
            fleet.noteStart(first, in: "cpu", at: start + .seconds(4))
            #expect(fleet.members.keys.sorted() == [second], "told first: \(isToldFirst)")
            #expect(known.map(\.startUp) == [isToldFirst ? .milliseconds(3_500) : .milliseconds(500)])
            let later = start + .seconds(1_000)
            #expect(
                fleet.hung(at: later, readable: start, startLimit: { _ in .seconds(120) }, silence: .seconds(60)) == [])
            // Its pod leaves.
            #expect(fleet.noteEnd(first) == .unknown)
            #expect(fleet.pools["cpu"]?.failed == 0)
        }
    }

    @Test("a silent first boot is not killed while a later one reports from its pod")
    func laterBootReports() {
        let (first, second) = ("w-1_0123abcd", "w-1_0123abcd_00c0ffee")
        var fleet = Fleet()
        fleet.noteStart(first, in: "cpu", at: start)
        _ = fleet.note([report(first)], at: start)
        // The watch is broken: nobody tells the first one's end.
        let later = start + .seconds(100)
        _ = fleet.note([report(second, held: 1)], at: later)
        func hung() -> [String] {
            fleet.hung(at: later, readable: start, startLimit: { _ in .seconds(120) }, silence: .seconds(60))
        }
        #expect(hung() == [])
        _ = fleet.note([], at: later)
        #expect(hung() == [first])
    }

    @Test("a worker that says it loads is given as long as its models may take, a silent one is not")
    func loading() {
        var fleet = Fleet()
        for worker in ["loading", "silent"] { fleet.noteStart(worker, in: "cpu", at: start) }
        var loading = report("loading")
        loading.state = .starting
        loading.startUp = nil
        func hung(after time: Duration) -> [String] {
            fleet.hung(
                at: start + time, readable: start, startLimit: { _ in .seconds(120) },
                loadLimit: { _ in .seconds(900) }, silence: .seconds(60))
        }
        for second in stride(from: 1, through: 140, by: 1) { _ = fleet.note([loading], at: start + .seconds(second)) }
        #expect(hung(after: .seconds(140)) == ["silent"])
        for second in stride(from: 141, through: 1_030, by: 1) {
            _ = fleet.note([loading], at: start + .seconds(second))
        }
        #expect(hung(after: .seconds(1_030)) == ["loading", "silent"])
    }

    @Test("the start-up time counts once each model is loaded, though the worker was ready before")
    func startUpAfterReady() {
        var fleet = Fleet()
        fleet.noteStart("w", in: "cpu", at: start)
        var first = report("w")
        first.startUp = nil
        #expect(fleet.note([first], at: start + .seconds(1)).isEmpty)
        #expect(fleet.members["w"]?.phase == .ready)
        #expect(fleet.note([report("w")], at: start + .seconds(2)).count == 1)
        #expect(fleet.note([report("w")], at: start + .seconds(3)).isEmpty)
    }

    @Test("costs are averaged by batches; what is no number is passed over")
    func costs() {
        var fleet = Fleet()
        func model(batches: Int, perRow: Double) -> WorkerReport.ModelReport {
            WorkerReport.ModelReport(
                queue: "m.1", instances: 2, batches: batches, fixedCost: 0.001, costPerRow: perRow)
        }
        _ = fleet.note(
            [
                report("a", models: [model(batches: 300, perRow: 0.001)]),
                report("b", models: [model(batches: 100, perRow: 0.002)]),
                report("c", models: [model(batches: 900, perRow: .nan)]),
            ], at: start)
        let costs = fleet.observation(of: "cpu", unavailable: nil, at: start).costs
        #expect(costs.map(\.model) == ["m.1"])
        #expect(costs.first?.cost.instances == 2)
        #expect(costs.first?.cost.perRow.wholeMicroseconds == 1_250)
    }
}
