import Foundation
import Scaling
import Testing
import Time

private let knownAlgorithms: [Algorithm] = [
    Algorithm(HPA()), Algorithm(KEDALag()), Algorithm(KnativeKPA()), Algorithm(RayServe()), Algorithm(AWSBacklog()),
    Algorithm(FixedCount()),
]

/// What an operator can do beside setting limits.
@Suite struct ControlsTests {
    @Test("an override pins the count until it expires, within the maximum, and drains idle workers only")
    func override() throws {
        var cluster = Cluster(maximum: 8)
        cluster.policy.pools[0].override = PoolOverride(
            count: 5, expires: cluster.now + .seconds(10), note: "ops, before the launch")
        let pinned = try cluster.lookAtPool()
        #expect(pinned.starts == 5)
        #expect(pinned.candidate(.override)?.source == "ops, before the launch")
        cluster.pool.busy = 4
        cluster.pool.idle = 1
        cluster.policy.pools[0].override?.count = 0
        let down = try cluster.lookAtPool()
        #expect(down.drains == 1)
        #expect(down.rule(.onlyIdleLeave)?.to == 4)
        cluster.policy.pools[0].override?.count = 50
        #expect(try cluster.lookAtPool().wanted == 8)
        cluster.pool.busy = 0
        cluster.pool.idle = 5
        let over = try cluster.lookAtPool(after: .seconds(10))
        #expect(over.candidate(.override) == nil)
        #expect(over.wanted == 0)
    }

    @Test("a paused pool starts and drains nothing, and says what it would have done")
    func pause() throws {
        var cluster = Cluster()
        cluster.policy.pools[0].isPaused = true
        cluster.model.waiting = 10_000
        let burst = try cluster.lookAtPool()
        #expect(burst.starts == 0)
        #expect(try #require(burst.rule(.paused)).from >= 6)
        #expect(burst.alternatives.contains { $0.hasPrefix("without the pause") })
        cluster.model.waiting = 0
        cluster.pool.idle = 3
        let idle = try cluster.lookAtPool()
        #expect(idle.drains == 0)
        #expect(idle.wanted == 3)
    }

    @Test("rate limits bound starts and drains in any span of time")
    func rateLimits() throws {
        var cluster = Cluster(deadline: nil, maximum: 50)
        cluster.policy.pools[0].scaleOutLimit = RateLimit(workers: 4, per: .seconds(30))
        cluster.model.waiting = 100_000
        let first = try cluster.lookAtPool()
        #expect(first.starts == 4)
        #expect(first.rule(.rateLimit)?.to == 4)
        cluster.pool.starting = Array(repeating: .zero, count: 4)
        #expect(try cluster.lookAtPool(after: .seconds(20)).starts == 0)
        #expect(try cluster.lookAtPool(after: .seconds(10)).starts == 4)
        var down = Cluster()
        down.policy.pools[0].scaleInLimit = RateLimit(workers: 2, per: .seconds(30))
        down.pool.idle = 5
        #expect(try down.lookAtPool().drains == 2)
        down.pool.idle = 3
        #expect(try down.lookAtPool().drains == 0)
        #expect(try down.lookAtPool(after: .seconds(30)).drains == 2)
    }

    @Test("protected workers stay when they are idle")
    func protected() throws {
        var cluster = Cluster()
        cluster.pool.idle = 3
        cluster.pool.protected = 2
        let decision = try cluster.lookAtPool()
        #expect(decision.drains == 1)
        #expect(decision.rule(.protected)?.to == 2)
    }

    @Test("workers that a spot notice takes away are replaced at once")
    func leaving() throws {
        var cluster = Cluster(deadline: nil)
        cluster.pool.busy = 4
        for _ in 0..<400 {
            cluster.model.submitted += 75
            _ = cluster.look()
        }
        let before = try cluster.lookAtPool().wanted
        cluster.pool.busy = 2
        cluster.pool.leaving = 2
        cluster.model.submitted += 75
        let decision = try cluster.lookAtPool()
        #expect(decision.wanted >= before - 1)
        #expect(decision.starts >= 2)
        #expect(decision.figures.leaving == 2)
    }

    @Test("the budget is never exceeded, and what is given up is named")
    func budget() throws {
        var cluster = Cluster(maximum: 50, price: 2)
        cluster.policy.budgetPerHour = 7
        cluster.model.waiting = 10_000
        let decision = cluster.look()
        let pool = try #require(decision.pools.first)
        #expect(pool.starts == 3)
        #expect(pool.figures.costPerHour == 6)
        #expect(try #require(pool.rule(.budget)?.detail) == "7 an hour; m waits longer")
        #expect(decision.infeasible.first?.cause == .budget)
        cluster.pool.idle = 5
        cluster.pool.busy = 1
        cluster.policy.budgetPerHour = 8
        let lowered = try cluster.lookAtPool()
        #expect(lowered.drains == 2, "a budget that was lowered takes idle workers only")
    }

    @Test("a calendar's event is warmed up for one planned start ahead, named, and ends with it")
    func calendar() throws {
        var cluster = Cluster(deadline: nil)
        let begins = cluster.now + .seconds(60)
        cluster.model.expected = [
            ExpectedArrivals(
                source: .event("morning"), starts: begins, ends: begins + .seconds(60), jobsPerSecond: 300)
        ]
        #expect(try cluster.lookAtPool(after: .seconds(40)).starts == 0)
        let warm = try cluster.lookAtPool(after: .seconds(9))
        // 300 a second of 10 ms at 80 %: 3.75 workers, 11 s ahead.
        #expect(warm.starts == 4)
        #expect(warm.candidate(.calendar)?.source == "morning")
        #expect(warm.reason.contains("4 wanted for morning"))
        cluster.pool.idle = 4
        #expect(try cluster.lookAtPool(after: .seconds(30)).drains == 0)
        cluster.isFresh = true
        _ = try cluster.lookAtPool(after: .seconds(60))
        #expect(try cluster.lookAtPool(after: .seconds(60)).wanted == 0)
    }

    @Test("events of several models in one pool add up, and the forecast of the same does not")
    func eventsAddUp() throws {
        var cluster = Cluster(deadline: nil)
        let ends = cluster.now + .seconds(60)
        func event(_ source: ExpectedArrivals.Source, _ rate: Double) -> ExpectedArrivals {
            ExpectedArrivals(source: source, starts: cluster.now, ends: ends, jobsPerSecond: rate)
        }
        // 240 a second of 10 ms at 80 % are 3 workers, 160 are 2.
        cluster.model.expected = [event(.event("digits"), 240), event(.event("faces"), 160), event(.forecast, 320)]
        let warm = try cluster.lookAtPool()
        #expect(warm.starts == 5)
        #expect(warm.candidate(.calendar)?.source == "digits and faces")
        #expect(warm.candidate(.forecast)?.count == 4)
    }

    @Test("workers of a pool that cannot start new ones stay while jobs wait, and leave when there are none")
    func unavailable() throws {
        var cluster = Cluster()
        cluster.pool.idle = 3
        cluster.model.waiting = 10
        cluster.pool.unavailable = "pods cannot be listed"
        for _ in 0..<200 {
            let decision = try cluster.lookAtPool(after: .seconds(1))
            #expect(decision.wanted == 3 && decision.drains == 0 && decision.starts == 0)
        }
        cluster.model.waiting = 0
        let quiet = try (0..<200).map { _ in try cluster.lookAtPool(after: .seconds(1)) }
        #expect(quiet.last?.drains == 3)
    }

    @Test("what operators set holds for every algorithm", arguments: knownAlgorithms)
    func ofAll(algorithm: Algorithm) throws {
        func cluster() -> Cluster {
            var cluster = Cluster(maximum: 20, price: 2)
            cluster.policy.algorithm = algorithm
            cluster.model.waiting = 100_000
            return cluster
        }
        /// The highest count of ten minutes of looks, and all that was started.
        func rise(_ cluster: Cluster) throws -> (wanted: Int, starts: Int) {
            var cluster = cluster
            var rise = (wanted: 0, starts: 0)
            for _ in 0..<600 {
                let decision = try cluster.lookAtPool(after: .seconds(1))
                rise = (max(rise.wanted, decision.wanted), rise.starts + decision.starts)
                cluster.pool.busy += decision.starts
                cluster.model.submitted += 1_000
            }
            return rise
        }
        let free = try rise(cluster()).starts
        #expect(free > 4, "this algorithm starts some when nothing holds it back")
        var paused = cluster()
        paused.policy.pools[0].isPaused = true
        let held = try rise(paused)
        #expect(held.wanted == 0 && held.starts == 0)
        var pinned = cluster()
        pinned.policy.pools[0].override = PoolOverride(count: 3, expires: pinned.now + .seconds(6_000))
        let three = try rise(pinned)
        #expect(three.wanted == 3 && three.starts == 3)
        var poor = cluster()
        poor.policy.budgetPerHour = 8
        let affordable = try rise(poor)
        #expect(affordable.wanted == 4 && affordable.starts == 4)
        var slow = cluster()
        slow.policy.pools[0].scaleOutLimit = RateLimit(workers: 2, per: .seconds(200))
        #expect(try rise(slow).starts <= 6)
        var failing = cluster()
        var starts = 0
        for _ in 0..<600 {
            let decision = try failing.lookAtPool(after: .seconds(1))
            starts += decision.starts
            failing.pool.startsFailed += decision.starts
        }
        #expect(starts <= 20 + 21 + 30 * 8, "a few attempts every 20 s, not 20 every second")
        var kept = cluster()
        kept.model.waiting = 0
        kept.pool.idle = 5
        kept.pool.protected = 5
        for _ in 0..<900 { #expect(try kept.lookAtPool(after: .seconds(1)).drains == 0) }
    }

    @Test("to zero only when nothing is expected within two starts")
    func expectedKeeps() throws {
        var cluster = Cluster()
        cluster.pool.idle = 1
        let begins = cluster.now + .seconds(18)
        cluster.model.expected = [
            ExpectedArrivals(source: .forecast, starts: begins, ends: begins + .seconds(60), jobsPerSecond: 1)
        ]
        let kept = try cluster.lookAtPool()
        #expect(kept.drains == 0)
        #expect(kept.rule(.expected)?.detail == "by the forecast")
        cluster.model.expected = []
        #expect(try cluster.lookAtPool().drains == 1)
    }

    @Test("a forecast only raises")
    func forecastRaises() throws {
        var cluster = Cluster()
        cluster.model.waiting = 10_000
        let without = try cluster.lookAtPool().wanted
        cluster.state = PolicyState()
        cluster.model.expected = [
            ExpectedArrivals(
                source: .forecast, starts: cluster.now, ends: cluster.now + .seconds(60), jobsPerSecond: 0.1)
        ]
        #expect(try cluster.lookAtPool().wanted == without)
    }

    @Test("a recording without the newer keys decodes with their defaults")
    func olderRecording() throws {
        let observation = """
            {"time":{"microseconds":5},"models":[{"name":"m","waiting":1,"inFlight":0,"due":0,"submitted":1}],
             "pools":[{"name":"cpu","starting":[],"busy":0,"idle":0,"draining":0,"startsSucceeded":0,"startsFailed":0,
             "costs":[]}]}
            """
        let decoded = try JSONDecoder().decode(Observation.self, from: Data(observation.utf8))
        #expect(decoded.models == [ModelObservation(name: "m", waiting: 1, submitted: 1)])
        #expect(decoded.pools == [PoolObservation(name: "cpu")])
        let policy = Policy(
            models: [ModelPolicy(name: "m", pools: ["cpu"])], pools: [PoolPolicy(name: "cpu", maximum: 3)])
        var object = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(policy)) as? [String: Any])
        object["algorithm"] = nil
        var pools = try #require(object["pools"] as? [[String: Any]])
        pools[0]["isPaused"] = nil
        object["pools"] = pools
        let again = try JSONDecoder().decode(Policy.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(again == policy)
    }
}
