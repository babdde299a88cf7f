import FoundationEssentials
import Testing
import Time

@testable import Scaling

/// With its own defaults each.
let everyAlgorithm = AlgorithmRegistry.builtIn.names(includingMade: true).compactMap {
    AlgorithmRegistry.builtIn.algorithm(named: $0)
}

@Suite struct KnownAlgorithmTests {
    @Test("HPA goes 1, 5, 10, 20, 40, 80 in five syncs of 15 s")
    func hpaRates() {
        var world = KnownWorld(Algorithm(HPA(metric: .jobs, target: 1)))
        world.busy = 1
        world.waiting = 10_000
        #expect(world.look().wanted == 5)
        #expect(world.pass(61) == [5, 10, 20, 40, 80])
        // 1 -> 5 was the first sync; the further four took 60 s.
        #expect(world.pass(15).last == 100)
    }

    @Test("HPA leaves a ratio within a tenth of the target alone", arguments: [(91, 10), (109, 10), (112, 12)])
    func hpaTolerance(jobs: Int, wanted: Int) {
        var world = KnownWorld(Algorithm(HPA(metric: .jobs, target: 10)))
        world.busy = 10
        world.waiting = jobs
        #expect(world.look().wanted == wanted)
    }

    @Test("HPA by utilization: ten workers at 60 % of a target of 80 % become eight, after 300 s")
    func hpaUtilization() {
        var world = KnownWorld(Algorithm(HPA()))
        world.busy = 6
        world.idle = 4
        var counts: [Int] = []
        for _ in 0..<330 {
            let wanted = world.look().wanted
            if counts.last != wanted { counts.append(wanted) }
            if world.now < .zero + .seconds(299) { #expect(wanted == 10) }
            world.now = world.now + .seconds(1)
        }
        #expect(counts == [10, 8])
    }

    @Test("HPA counts workers that are not ready as idle on the way up, and does not turn round for them")
    func hpaNotReady() {
        var world = KnownWorld(Algorithm(HPA()))
        world.busy = 2
        #expect(world.look().wanted == 3)
        world.starting = 3
        world.now = world.now + .seconds(15)
        let decision = world.look()
        #expect(decision.wanted == 3)
    }

    @Test("HPA is never at zero")
    func hpaFloor() {
        var world = KnownWorld(Algorithm(HPA()))
        #expect(world.look().wanted == 1)
    }

    @Test("KEDA wakes at a poll, asks for lag / 5, and sleeps 300 s after the last job")
    func keda() {
        var world = KnownWorld(Algorithm(KEDALag()))
        #expect(world.look().wanted == 0)
        world.waiting = 22
        world.now = world.now + .seconds(29)
        #expect(world.look().wanted == 0)
        world.now = world.now + .seconds(1)
        // Wakes with one; the HPA of the same moment takes 22 / 5 and its rate cap.
        #expect(world.look().wanted == 5)
        world.busy = 5
        world.waiting = 0
        #expect(world.pass(299).first == 5)
        #expect(world.pass(60).last == 0)
    }

    @Test("KPA panics at twice the ready workers' target and does not go down until a stable window later")
    func kpaPanic() {
        var world = KnownWorld(Algorithm(KnativeKPA(containerConcurrency: 10)))
        world.busy = 1
        world.inFlight = 7
        for _ in 0..<60 {
            #expect(world.look().wanted == 1)
            world.now = world.now + .seconds(1)
        }
        // Target 7 a worker: 140 jobs are 20 workers in the 6 s window, long before the 60 s mean says so.
        world.waiting = 133
        _ = world.pass(8)
        #expect(world.look().wanted == 20)
        world.waiting = 0
        _ = world.pass(50)
        #expect(world.look().wanted == 20)
        _ = world.pass(40)
        #expect(world.look().wanted < 20)
    }

    @Test("KPA starts one at once from zero, and is at zero only after a stable window and 30 s")
    func kpaZero() {
        var world = KnownWorld(Algorithm(KnativeKPA()))
        #expect(world.look().wanted == 0)
        world.waiting = 1
        #expect(world.look().wanted == 1)
        world.waiting = 0
        #expect(world.pass(85).last == 1)
        #expect(world.pass(15).last == 0)
    }

    @Test("Ray holds for 30 s before more and 600 s before fewer, and starts one at once from zero")
    func ray() {
        var world = KnownWorld(Algorithm(RayServe()))
        #expect(world.look().wanted == 0)
        world.waiting = 20
        #expect(world.look().wanted == 1)
        #expect(world.pass(29).last == 1)
        let later = world.pass(15)
        #expect(later.last == 10)
        world.waiting = 0
        world.inFlight = 4
        #expect(world.pass(600).last == 10)
        #expect(world.pass(60).last == 2)
    }

    @Test("AWS: 1,500 messages on 10 instances, 0.1 s each, 10 s acceptable: five more")
    func awsBacklog() {
        var world = KnownWorld(Algorithm(AWSBacklog(scaleOutPeriods: 1)), secondsPerJob: 0.1)
        world.busy = 10
        world.waiting = 1_500
        let decision = world.look()
        #expect(decision.wanted == 15)
        #expect(decision.starts == 5)
    }

    @Test("AWS goes out after three minutes above, and in after fifteen below")
    func awsPeriods() {
        var world = KnownWorld(Algorithm(AWSBacklog()), secondsPerJob: 0.1)
        world.busy = 10
        world.waiting = 1_500
        #expect(world.pass(119) == [10])
        #expect(world.pass(2).last == 15)
        world.waiting = 300
        #expect(world.pass(14 * 60).last == 15)
        #expect(world.pass(120).last == 3)
    }

    @Test("a fixed count stays, within the pool's bounds", arguments: [(Int?.none, 100), (4, 4), (400, 100)])
    func fixed(workers: Int?, wanted: Int) {
        var world = KnownWorld(Algorithm(FixedCount(workers: workers)))
        #expect(world.look().wanted == wanted)
    }

    @Test("a plan is followed step by step")
    func plan() {
        let steps: [OraclePlan.Step] = [
            .init(pool: "cpu", from: .zero + .seconds(5), workers: 3),
            .init(pool: "other", from: .zero + .seconds(6), workers: 9),
            .init(pool: "cpu", from: .zero + .seconds(10), workers: 1),
        ]
        var world = KnownWorld(Algorithm(OraclePlan(steps: steps)))
        #expect(world.pass(12) == [0, 3, 1])
    }

    @Test("no known algorithm drains a busy worker or acts on data that is missing", arguments: everyAlgorithm)
    func neverBusy(algorithm: Algorithm) {
        var world = KnownWorld(algorithm)
        world.busy = 9
        world.idle = 2
        for _ in 0..<1_200 {
            let decision = world.look()
            #expect(decision.drains <= 2)
            #expect(decision.wanted >= 0 && decision.wanted <= 100)
            world.now = world.now + .seconds(1)
        }
        let model = ModelObservation(name: "m", waiting: 5_000)
        let blind = Observation(
            time: world.now, queuesRead: nil, workersRead: nil, models: [model],
            pools: [PoolObservation(name: "cpu", busy: 9, idle: 2)])
        #expect(decide(blind, policy: world.policy, state: &world.state).pools[0].drains == 0)
    }

    @Test("an algorithm survives JSON with its parameters, and without them has its defaults")
    func coding() throws {
        for algorithm in everyAlgorithm {
            let data = try JSONEncoder().encode(algorithm)
            #expect(try JSONDecoder().decode(Algorithm.self, from: data) == algorithm)
        }
        let bare = try JSONDecoder().decode(Algorithm.self, from: Data(#"{"name":"keda-lag"}"#.utf8))
        #expect(bare == Algorithm(KEDALag()))
    }
}
