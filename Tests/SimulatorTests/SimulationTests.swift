import Scaling
import Testing
import Time
import Traffic

@testable import Simulator

/// A steady or shaped load of 20 ms jobs on one pool.
func makeScenario(
    _ points: [(Double, Double)] = [(0, 6_000), (300, 6_000)], rows: Int = 1, fixed: Duration = .zero,
    perRow: Duration = .milliseconds(20), deadline: Duration? = .seconds(30), startUp: Duration = .seconds(10),
    spread: Double = 0.1, maximum: Int = 20, disruptions: [Disruption] = [], seed: UInt64 = 1
) throws -> Scenario {
    let profile = try ArrivalProfile(points: points.map { .init(at: .seconds($0.0), callsPerMinute: $0.1) })
    return Scenario(
        name: "test", summary: "", trace: Trace(name: "test", profile: profile, seed: seed),
        model: SimulatedModel(
            name: "m", cost: ServiceCost(fixed: fixed, perRow: perRow), maximumRows: rows, deadline: deadline),
        pools: [SimulatedPool(startUp: startUp, startUpSpread: spread, maximum: maximum)], disruptions: disruptions,
        seed: seed)
}

@Suite struct SimulationTests {
    @Test("every job is finished, expired or lost, under every policy", arguments: everyAlgorithm)
    func conservation(algorithm: Algorithm) throws {
        let scenario = try makeScenario(
            [(0, 300), (60, 12_000), (120, 300), (240, 0)],
            disruptions: [Disruption(at: .seconds(70), .kill(share: 0.5))])
        let result = Simulator.run(scenario, Contender(algorithm))
        #expect(result.jobs == scenario.trace.count)
        #expect(result.finished + result.expired + result.lost == result.jobs)
        #expect(result.onTime <= result.finished)
        #expect(result.pools[0].peak <= 20)
        let busy = result.pools[0].busySeconds
        #expect(busy <= result.workerSeconds)
        // Work is neither made nor lost: each finished job took 20 ms.
        #expect(abs(busy - Double(result.finished) * 0.02) < 0.02)
    }

    @Test("the same seed gives the same result, another seed another")
    func determinism() throws {
        let scenario = try makeScenario()
        var other = try makeScenario(seed: 2)
        other.name = "test"
        let result = Simulator.run(scenario, Contender(.spate))
        #expect(result == Simulator.run(scenario, Contender(.spate)))
        #expect(result != Simulator.run(other, Contender(.spate)))
    }

    @Test("an M/D/1 queue waits as Pollaczek and Khinchine say", arguments: [0.5, 0.8])
    func queueTheory(load: Double) throws {
        // One worker, 20 ms a job: the mean wait is load · S / (2 · (1 - load)).
        var scenario = try makeScenario(
            [(0, load * 3_000), (8_000, load * 3_000)], deadline: nil, startUp: .milliseconds(1), maximum: 1)
        scenario.pools[0].minimum = 1
        let result = Simulator.run(scenario, Contender(Algorithm(FixedCount())))
        let expected = load * 0.02 / (2 * (1 - load))
        let mean = try #require(result.wait?.mean)
        #expect(abs(mean / expected - 1) < 0.07)
    }

    @Test("cohorts and single jobs agree on the same trace", arguments: [(1, 0), (16, 20)])
    func fidelities(rows: Int, fixedMilliseconds: Int) throws {
        let scenario = try makeScenario(
            [(0, 600), (120, 12_000), (240, 600)], rows: rows, fixed: .milliseconds(fixedMilliseconds),
            perRow: .milliseconds(rows > 1 ? 5 : 20))
        let cohorts = Simulator.run(scenario, Contender(.spate))
        let jobs = Simulator.run(scenario, Contender(.spate), fidelity: .jobs)
        #expect(jobs.finished + jobs.expired + jobs.lost == jobs.jobs)
        #expect(abs(cohorts.attainment - jobs.attainment) < 0.01)
        #expect(abs(cohorts.workerSeconds / jobs.workerSeconds - 1) < 0.1)
    }

    @Test("what killed workers held is given back and finished", arguments: Fidelity.allCases)
    func kill(fidelity: Fidelity) throws {
        let scenario = try makeScenario(
            perRow: .milliseconds(60), disruptions: [Disruption(at: .seconds(150), .kill(share: 0.5))])
        let result = Simulator.run(scenario, Contender(Algorithm(FixedCount())), fidelity: fidelity)
        #expect(result.finished == result.jobs)
        #expect(result.returned > 0)
        // Ten of twenty were gone and were started again.
        #expect(result.starts == 30)
    }

    @Test("a worker costs from its order to its end")
    func cost() throws {
        let scenario = try makeScenario(spread: 0)
        let result = Simulator.run(
            scenario, try Contender(text: "fixed:workers=5"))
        #expect(abs(result.workerSeconds - 5 * result.seconds) < 1e-6)
        #expect(abs(result.pools[0].startUpSeconds - 50) < 1e-6)
        #expect(abs(result.cost - result.workerSeconds / 3_600 * 0.1) < 1e-9)
    }

    @Test("starts that fail are counted and cost until they fail")
    func failures() throws {
        let scenario = try makeScenario(disruptions: [Disruption(at: .zero, .startFailures(share: 1))])
        let result = Simulator.run(scenario, try Contender(text: "fixed:workers=2"))
        #expect(result.finished == 0)
        #expect(result.pools[0].failedStarts > 0)
        #expect(result.lost == result.jobs)
    }

    @Test("a job that cannot be done in time any more is not run", arguments: Fidelity.allCases)
    func expiry(fidelity: Fidelity) throws {
        let scenario = try makeScenario(
            [(0, 6_000), (60, 6_000)], deadline: .seconds(2), startUp: .seconds(5), spread: 0)
        let result = Simulator.run(scenario, try Contender(text: "fixed:workers=4"), fidelity: fidelity)
        // What arrived in the first three of the five seconds was too old.
        #expect(abs(result.expired - 300) < 60)
        // A worker that learns its costs believes them after five runs of work.
        #expect(result.finished - result.onTime <= (fidelity == .jobs ? 4 * 5 : 0))
    }

    @Test("higher classes go first", arguments: [(0, 15), (2, 25)] as [(UInt8, Int)])
    func classes(priority: UInt8, finished: Int) throws {
        // One worker from 1 s on, 50 jobs a second. 100 low ones are too old at 1.3 s, ten others at 2.2 s: if those go
        // first they leave time for five low ones, if they go last for fifteen.
        var scenario = try makeScenario(
            [(0, 60), (60, 60)], deadline: .milliseconds(1_300), startUp: .seconds(1), spread: 0, maximum: 1)
        scenario.trace.cohorts = [
            .init(at: 0, count: 100, priority: 2), .init(at: 900_000, count: 10, priority: priority),
        ]
        let result = Simulator.run(scenario, Contender(Algorithm(FixedCount())))
        #expect(abs(result.finished - finished) <= 1)
        #expect(result.expired == 110 - result.finished)
    }

    @Test("every built-in trace has jobs, pools and a name of its own", arguments: BuiltInScenario.allCases)
    func builtIns(builtIn: BuiltInScenario) throws {
        let scenario = try builtIn.scenario()
        #expect(scenario.trace.count > 50)
        #expect(scenario.name == builtIn.rawValue)
        #expect(scenario.trace.cohorts.allSatisfy { $0.at >= 0 })
    }

    @Test("the morning peak is the issue's: 100 calls in the first minute, 10,000 in the minute of 8:30")
    func morningPeak() throws {
        let counts = try BuiltInScenario.morningPeak.scenario().trace.counts(every: .seconds(60))
        #expect(abs(counts[0] - 100) < 40)
        #expect(abs(counts[30] - 10_000) < 400)
    }
}
