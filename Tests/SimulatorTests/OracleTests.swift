import Scaling
import Testing
import Time

@testable import Simulator

@Suite struct OracleTests {
    @Test("the plan meets every deadline in the simulator, and costs no less than the bound")
    func achievable() throws {
        let scenario = try makeScenario([(0, 600), (60, 9_000), (150, 600)])
        let played = OraclePlayer(scenario).play()
        #expect(played.result.attainment >= OraclePlayer.full)
        let bound = try #require(played.bound)
        #expect(played.result.workerSeconds >= bound)
        #expect(played.result.workerSeconds <= 1.1 * bound)
    }

    @Test("no policy that meets every deadline costs less than the bound", arguments: [1, 2] as [UInt64])
    func bound(seed: UInt64) throws {
        let scenario = try makeScenario(
            [(0, 600), (60, 9_000), (120, 900), (200, 60)], spread: 0, seed: seed)
        let bound = try #require(OraclePlayer(scenario).play().bound)
        for algorithm in everyAlgorithm where !algorithm.isMade {
            let result = Simulator.run(scenario, Contender(algorithm))
            if result.onTime == result.jobs { #expect(result.workerSeconds >= bound) }
        }
    }

    @Test("a lone job costs its start, its step and nothing else")
    func loneJob() throws {
        var scenario = try makeScenario([(0, 60), (100, 60)], spread: 0)
        scenario.trace.cohorts = [.init(at: 50_000_000, count: 1)]
        let played = OraclePlayer(scenario).play()
        #expect(played.result.onTime == 1)
        #expect(played.result.starts == 1)
        #expect(played.result.workerSeconds < 12)
        #expect(played.result.workerSeconds > 10)
    }

    @Test("it keeps a worker through a short gap and starts again after a long one", arguments: [(6, 1), (60, 2)])
    func keepOrRestart(gap: Int, starts: Int) throws {
        // Two loads of one worker for 20 s each that leave no slack, with a gap between them.
        var scenario = try makeScenario([(0, 60), (200, 60)], deadline: .seconds(1), startUp: .seconds(10), spread: 0)
        let first = (0..<1_000).map { Trace.Cohort(at: 20_000_000 + Int64($0) * 20_000, count: 1) }
        let second = first.map { Trace.Cohort(at: $0.at + Int64(20 + gap) * 1_000_000, count: 1) }
        scenario.trace.cohorts = first + second
        let answer = Oracle(scenario).solve()
        var rises = 0
        var before = 0
        for step in answer.plan.steps {
            rises += max(step.workers - before, 0)
            before = step.workers
        }
        #expect(rises >= starts)
        #expect(starts == 1 ? rises <= 2 : rises >= 2)
    }

    @Test("replacements for workers that will be killed are ready in time")
    func kills() throws {
        let scenario = try makeScenario(
            [(0, 9_000), (150, 9_000)], disruptions: [Disruption(at: .seconds(75), .kill(share: 0.5))])
        let played = OraclePlayer(scenario).play()
        // The first jobs come before any worker can be ready; the deadline leaves 20 s for them.
        #expect(played.result.attainment >= 0.99)
    }
}
