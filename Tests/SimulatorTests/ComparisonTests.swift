import Scaling
import Testing
import Time
import Traffic

@testable import Simulator

@Suite struct ComparisonTests {
    @Test("percentiles are within their bucket of what was recorded")
    func histogram() throws {
        var histogram = WaitHistogram()
        for value in 1...10_000 { histogram.record(Int64(value) * 1_000, count: 1) }
        #expect(abs(try #require(histogram.seconds(atShare: 0.5)) / 5 - 1) < 0.003)
        #expect(abs(try #require(histogram.seconds(atShare: 0.99)) / 9.9 - 1) < 0.003)
        #expect(histogram.seconds(atShare: 1) == 10)
        histogram.reset()
        #expect(histogram.seconds(atShare: 0.5) == nil)
        histogram.record(-5, count: 3)
        histogram.record(.max, count: 1)
        #expect(histogram.total == 4)
    }

    @Test("the table and the page hold every policy")
    func reports() throws {
        let comparison = Comparison(
            try makeScenario([(0, 600), (60, 6_000), (120, 600)]), [Contender(.spate), Contender(Algorithm(HPA()))])
        let text = comparison.text()
        let page = SimulationPage([comparison]).html()
        for name in ["oracle", "spate", "hpa"] {
            #expect(text.contains(name))
            #expect(page.contains(name))
        }
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"))
        #expect(comparison.results[0].regret != nil)
        #expect(comparison.thinned(to: 10).results[0].timeline.samples.count <= 13)
    }

    @Test(
        "a verdict weighs deadlines and cost",
        arguments: [
            (0.99, 10.0, 0.98, 11.0, Verdict.wins), (0.99, 10, 0.99, 11, .wins), (0.99, 10, 0.99, 10.01, .even),
            (0.99, 10, 0.98, 9, .mixed), (0.98, 10, 0.99, 10, .loses), (0.98, 11, 0.99, 10, .loses),
        ])
    func verdicts(one: Double, cost: Double, other: Double, otherCost: Double, verdict: Verdict) throws {
        func result(_ attainment: Double, _ cost: Double) throws -> SimulationResult {
            var result = Simulator.run(try makeScenario([(0, 60), (10, 60)]), Contender(Algorithm(FixedCount())))
            result.jobs = 1_000_000
            result.onTime = Int(attainment * 1e6)
            result.pools[0].cost = cost
            return result
        }
        #expect(try Verdict(result(one, cost), against: result(other, otherCost)) == verdict)
    }

    @Test("supply that equals demand is neither under nor over; none at all is wholly under")
    func elasticity() throws {
        let scenario = try makeScenario([(0, 6_000), (600, 6_000)], startUp: .milliseconds(1))
        let right = Simulator.run(scenario, try Contender(text: "fixed:workers=3"))
        let none = Simulator.run(scenario, try Contender(text: "fixed:workers=0"))
        let many = Simulator.run(scenario, try Contender(text: "fixed:workers=6"))
        // 100 a second of 20 ms are two workers, with noise now and then three.
        #expect(right.elasticity.under < 0.01)
        #expect(none.elasticity.under > 0.99)
        #expect(many.elasticity.over > 0.9)
    }

    @Test("a search finds parameters that meet the objective, and tells how far it is")
    func search() throws {
        var seen = 0
        let search = PolicySearch(
            scenarios: [try makeScenario([(0, 600), (60, 6_000), (120, 600)])], objective: 0.999)
        let found = search.run { progress in
            seen += 1
            #expect(progress.done == seen)
        }
        let best = try #require(found.best)
        #expect(best.attainment >= 0.999)
        #expect(found.tried.allSatisfy { $0.attainment < 0.999 || $0.cost >= best.cost })
        #expect(seen == found.tried.count)
    }

    @Test("a real run becomes a trace and pools again, and the differences are told")
    func reality() throws {
        var recorder = TrafficRecorder(deadline: .seconds(30))
        for second in 0..<60 {
            for call in 0..<10 {
                let at = Duration.milliseconds(second * 1_000 + call * 100)
                recorder.arrived(intended: at)
                recorder.settled(.right, intended: at, sent: at, at: at + .milliseconds(21))
            }
            recorder.sampled(
                ClusterSample(
                    elapsedSeconds: Double(second), waiting: 0, inFlight: 0, due: 0,
                    pools: [
                        "cpu": .init(starting: second < 2 ? 1 : 0, ready: second < 2 ? 0 : 1, draining: 0, maximum: 4)
                    ]),
                at: .seconds(second))
        }
        let report = recorder.report(
            .init(profile: "p", model: "m", target: "t", loop: .open, deadlineSeconds: 30), at: .seconds(60))
        let run = try #require(RealRun(report))
        #expect(run.trace().count == 600)
        let pools = run.pools(startUps: [:], fallback: .seconds(5))
        #expect(pools.first?.startUp == .seconds(2))
        #expect(pools.first?.maximum == 4)
        let scenario = Scenario(
            name: "p", summary: "", trace: run.trace(),
            model: SimulatedModel(
                name: "m", cost: ServiceCost(fixed: .zero, perRow: .milliseconds(20)), maximumRows: 1,
                deadline: .seconds(30)), pools: pools)
        let result = Simulator.run(scenario, try Contender(text: "fixed:workers=1"))
        let found = run.compare(with: result)
        #expect(abs(found.workerSecondsDifference) < 0.05)
        #expect(found.text().contains("worker-seconds"))
    }
}
