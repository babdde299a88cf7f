import Foundation
import Random
import Scaling
import Testing
import Time

/// What holds for every observation, likely or not.
@Suite struct PropertyTests {
    static func randomPolicy(_ random: inout SeededGenerator) -> Policy {
        let pools = (0..<Int.random(in: 1...4, using: &random)).map { index in
            let maximum = Int.random(in: 0...50, using: &random)
            return PoolPolicy(
                name: "pool\(index)", minimum: Int.random(in: 0...3, using: &random), maximum: maximum,
                pricePerHour: Double.random(in: 0...5, using: &random),
                assumedStartUp: .milliseconds(Int.random(in: 0...60_000, using: &random)),
                scaleOutLimit: one(in: 4, &random) ? RateLimit(workers: 3, per: .seconds(10)) : nil,
                scaleInLimit: one(in: 4, &random) ? RateLimit(workers: 2, per: .seconds(10)) : nil,
                scaleInWindow: one(in: 4, &random) ? .seconds(5) : nil,
                override: one(in: 6, &random)
                    ? PoolOverride(count: Int.random(in: 0...60, using: &random), expires: .zero + .seconds(60)) : nil,
                isPaused: one(in: 8, &random))
        }
        let models = (0..<Int.random(in: 1...5, using: &random)).map { index in
            ModelPolicy(
                name: "model\(index)", pools: pools.map(\.name).shuffled(using: &random).dropLast(index % 2),
                maximumRows: Int.random(in: 1...128, using: &random),
                deadline: Bool.random(using: &random)
                    ? .milliseconds(Int.random(in: 0...120_000, using: &random)) : nil,
                deadlines: one(in: 3, &random) ? [ClassDeadline(name: .low, deadline: .seconds(900))] : [])
        }
        return Policy(
            targetWait: .milliseconds(Int.random(in: 1...30_000, using: &random)),
            targetUtilization: Double.random(in: 0.05...1, using: &random),
            budgetPerHour: one(in: 3, &random) ? Double.random(in: 0...100, using: &random) : nil, models: models,
            pools: pools)
    }

    static func one(in count: Int, _ random: inout SeededGenerator) -> Bool {
        Int.random(in: 0..<count, using: &random) == 0
    }

    static func randomExpected(at time: Timestamp, _ random: inout SeededGenerator) -> [ExpectedArrivals] {
        (0..<Int.random(in: 0...2, using: &random)).map { index in
            let starts = time + .seconds(Int.random(in: -60...120, using: &random))
            return ExpectedArrivals(
                source: index == 0 ? .forecast : .event("event\(Int.random(in: 0...2, using: &random))"),
                starts: starts,
                ends: starts + .seconds(Int.random(in: -5...300, using: &random)),
                jobsPerSecond: Double.random(in: -1...1_000, using: &random))
        }
    }

    static func randomObservation(_ policy: Policy, at time: Timestamp, _ random: inout SeededGenerator) -> Observation
    {
        let isFresh = Int.random(in: 0..<5, using: &random) > 0
        let models = policy.models.map { model in
            let size = [0, 1, 100, 100_000].randomElement(using: &random) ?? 0
            return ModelObservation(
                name: model.name, waiting: Int.random(in: 0...size, using: &random),
                inFlight: Int.random(in: 0...size, using: &random), due: Int.random(in: 0...1, using: &random) * size,
                submitted: Int.random(in: 0...1_000_000, using: &random),
                oldestWait: Bool.random(using: &random)
                    ? .milliseconds(Int.random(in: -10...200_000, using: &random)) : nil,
                rowsPerJob: Bool.random(using: &random) ? Double.random(in: 0...10, using: &random) : nil,
                classes: JobClass.allCases.filter { _ in one(in: 3, &random) }.map {
                    ClassBacklog(
                        name: $0, waiting: Int.random(in: -1...50_000, using: &random),
                        oldestWait: .seconds(Int.random(in: 0...60, using: &random)))
                }, expected: one(in: 3, &random) ? randomExpected(at: time, &random) : [],
                soonestDeadlines: one(in: 4, &random)
                    ? [DeadlineBucket(within: .seconds(Int.random(in: -5...60, using: &random)), jobs: 10)] : [])
        }
        let pools = policy.pools.map { pool in
            PoolObservation(
                name: pool.name, unavailable: Int.random(in: 0..<8, using: &random) == 0 ? "not here" : nil,
                starting: (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    .milliseconds(Int.random(in: 0...100_000, using: &random))
                }, busy: Int.random(in: 0...20, using: &random), idle: Int.random(in: 0...20, using: &random),
                draining: Int.random(in: 0...3, using: &random), leaving: Int.random(in: 0...2, using: &random),
                protected: Int.random(in: 0...2, using: &random),
                startUp: Bool.random(using: &random) ? StartUpTime(median: .seconds(2), slow: .seconds(3)) : nil,
                startsSucceeded: Int.random(in: 0...3, using: &random),
                startsFailed: Int.random(in: 0...3, using: &random),
                costs: policy.models.filter { _ in Bool.random(using: &random) }.map {
                    MeasuredCost(
                        model: $0.name,
                        cost: ServiceCost(
                            fixed: .microseconds(Int.random(in: 0...50_000, using: &random)),
                            perRow: .microseconds(Int.random(in: 0...50_000, using: &random)),
                            instances: Int.random(in: 1...4, using: &random)))
                })
        }
        let read = isFresh ? time : Bool.random(using: &random) ? nil : time - .seconds(60)
        return Observation(time: time, queuesRead: read, workersRead: time, models: models, pools: pools)
    }

    @Test("keeps within minimum and maximum, drains idle workers only, holds on missing data", arguments: 0..<200)
    func invariants(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let policy = Self.randomPolicy(&random)
        var state = PolicyState()
        var time = Timestamp.zero
        for _ in 0..<15 {
            time = time + .milliseconds(Int.random(in: 0...20_000, using: &random))
            let observation = Self.randomObservation(policy, at: time, &random)
            let before = state
            let decision = decide(observation, policy: policy, state: &state)
            let isMissing = observation.queuesRead != observation.time
            for (index, pool) in decision.pools.enumerated() {
                let limits = policy.pools[index]
                let seen = observation.pools[index]
                let total = seen.ready + seen.starting.count
                #expect(pool.wanted <= limits.maximum)
                #expect(pool.drains <= max(seen.idle - seen.protected, 0))
                if limits.isPaused { #expect(pool.starts == 0 && pool.drains == 0) }
                if let limit = limits.scaleOutLimit { #expect(pool.starts <= limit.workers) }
                if let limit = limits.scaleInLimit, policy.budgetPerHour == nil {
                    #expect(pool.drains <= limit.workers)
                }
                #expect(pool.starts == 0 || total + pool.starts <= limits.maximum)
                #expect(pool.starts == 0 || pool.drains == 0)
                if seen.unavailable != nil { #expect(pool.starts == 0) }
                let isBound = pool.guards.contains {
                    [.startBackOff, .rateLimit, .paused, .override, .budget].contains($0.kind)
                }
                if seen.unavailable == nil, !isBound, !isPinned(limits, at: time) {
                    #expect(pool.wanted >= limits.minimum)
                }
                if isMissing {
                    #expect(pool.drains == 0)
                    #expect(
                        pool.wanted >= min(total, limits.maximum) || seen.unavailable != nil
                            || isPinned(limits, at: time) || policy.budgetPerHour != nil)
                }
                #expect(!pool.reason.isEmpty)
            }
            if let budget = policy.budgetPerHour, decision.pools.contains(where: { $0.starts > 0 }) {
                let cost = decision.pools.indices.reduce(0.0) { sum, index in
                    let seen = observation.pools[index]
                    let workers = seen.ready + seen.starting.count + seen.draining + seen.leaving
                    let starts = decision.pools[index].starts
                    return sum + Double(workers + starts) * policy.pools[index].pricePerHour
                }
                let hasDearStart = decision.pools.indices.contains {
                    decision.pools[$0].starts > 0 && policy.pools[$0].pricePerHour > 0
                }
                #expect(cost <= budget + 1e-6 || !hasDearStart)
            }
            for entry in decision.infeasible {
                #expect(entry.jobs > 0 && entry.lateBy > .zero)
                #expect(policy.models.contains { $0.name == entry.model })
            }
            // The same again, from a copy of the state that went through JSON: the same bytes.
            var replayed = try JSONDecoder().decode(PolicyState.self, from: JSONEncoder().encode(before))
            let again = decide(
                try JSONDecoder().decode(Observation.self, from: JSONEncoder().encode(observation)),
                policy: try JSONDecoder().decode(Policy.self, from: JSONEncoder().encode(policy)), state: &replayed)
            #expect(again == decision)
            #expect(replayed == state)
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            #expect(try encoder.encode(again) == encoder.encode(decision))
            #expect(try JSONDecoder().decode(Decision.self, from: encoder.encode(decision)) == decision)
        }
    }

    func isPinned(_ pool: PoolPolicy, at time: Timestamp) -> Bool { pool.override.map { $0.expires > time } ?? false }

    @Test("a recorded story fed back gives the same decisions byte for byte")
    func replay() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var story = Story(startUp: .seconds(3), maximum: 20)
        story.pass(.seconds(60)) { elapsed in elapsed * 20 }
        story.pass(.seconds(60))
        let recording = try encoder.encode(story.observations)
        var state = PolicyState()
        let replayed = try JSONDecoder().decode([Observation].self, from: recording).map {
            decide($0, policy: story.policy, state: &state)
        }
        #expect(try encoder.encode(replayed) == encoder.encode(story.wholeDecisions))
        #expect(replayed.count == 480)
    }

    @Test("a policy that is reloaded with another order and another pool keeps what it knows by name")
    func reload() {
        var story = Story(maximum: 10)
        story.pass(.seconds(5), jobs: 500)
        #expect(story.ready == 10)
        story.policy.pools.insert(PoolPolicy(name: "other", maximum: 3), at: 0)
        var state = story.state
        let time = story.now + .milliseconds(250)
        let decision = decide(
            Observation(
                time: time, queuesRead: time, workersRead: time,
                models: [ModelObservation(name: "m", submitted: 500)],
                pools: [PoolObservation(name: "cpu", idle: 10)]), policy: story.policy, state: &state)
        #expect(decision.pools.map(\.pool) == ["other", "cpu"])
        #expect(decision.pools[1].before == 10)
        #expect(decision.pools[1].wanted == 10, "its window goes on")
    }
}
