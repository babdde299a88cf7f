import Time

/// A cluster of 100 models on 4 pools, for measuring `decide`: each model with two priority classes, a deadline of its own
/// and a forecast; costs measured on every pool; names of 16 to 24 bytes.
///
/// Calls `decide` as a scaler would: the state goes on, time passes, counters rise. The caller takes the time, since
/// nothing here reads a clock.
package struct DecideBenchmark {
    private let policy: Policy
    private var observation: Observation
    private var state = PolicyState()
    private var round = 0

    package init(models: Int = 100, pools: Int = 4) {
        let poolNames = (0..<pools).map { "pool-\($0)" }
        let policy = Policy(
            budgetPerHour: 10_000,
            models: (0..<models).map { model in
                ModelPolicy(
                    name: "some-model-name-\(model).1", pools: model % 2 == 0 ? poolNames : poolNames.reversed(),
                    deadline: model % 4 == 0 ? nil : .seconds(10 + model))
            },
            pools: poolNames.enumerated().map { index, name in
                PoolPolicy(name: name, maximum: 100, pricePerHour: Double(index + 1), assumedStartUp: .seconds(5))
            })
        self.policy = policy
        let cost = ServiceCost(fixed: .milliseconds(2), perRow: .microseconds(500))
        observation = Observation(
            time: .zero, queuesRead: .zero, workersRead: .zero,
            models: policy.models.map { ModelObservation(name: $0.name, inFlight: 2, rowsPerJob: 1) },
            pools: poolNames.map { name in
                PoolObservation(
                    name: name, starting: [.seconds(1)], busy: 3, idle: 1,
                    startUp: StartUpTime(median: .seconds(5), slow: .seconds(6)), startsSucceeded: 4,
                    costs: policy.models.map { MeasuredCost(model: $0.name, cost: cost) })
            })
    }

    /// Makes `count` decisions.
    /// - Returns: the workers that they asked for, so that no call can be left out.
    package mutating func decide(_ count: Int) -> Int {
        var wanted = 0
        for _ in 0..<count {
            round += 1
            let now = Timestamp.zero + .milliseconds(250 * Int64(round))
            observation.time = now
            observation.queuesRead = now
            observation.workersRead = now
            for model in observation.models.indices {
                let waiting = (model * 7 + round) % 40
                observation.models[model].submitted += waiting
                observation.models[model].waiting = waiting
                observation.models[model].oldestWait = .milliseconds(Int64(waiting) * 10)
                observation.models[model].classes = [
                    ClassBacklog(name: .high, waiting: waiting / 2, oldestWait: .milliseconds(100)),
                    ClassBacklog(name: .low, waiting: waiting - waiting / 2, oldestWait: .milliseconds(200)),
                ]
                observation.models[model].expected = [
                    ExpectedArrivals(source: .forecast, starts: now, ends: now + .seconds(60), jobsPerSecond: 5)
                ]
            }
            let decision = Scaling.decide(observation, policy: policy, state: &state)
            for pool in decision.pools { wanted += pool.wanted }
        }
        return wanted
    }

    /// What a round costs beside the decision: the same changes of the observation.
    package mutating func prepare(_ count: Int) -> Int {
        var sum = 0
        for _ in 0..<count {
            round += 1
            for model in observation.models.indices {
                let waiting = (model * 7 + round) % 40
                observation.models[model].waiting = waiting
                observation.models[model].classes = [
                    ClassBacklog(name: .high, waiting: waiting / 2, oldestWait: .milliseconds(100)),
                    ClassBacklog(name: .low, waiting: waiting - waiting / 2, oldestWait: .milliseconds(200)),
                ]
                observation.models[model].expected = [
                    ExpectedArrivals(source: .forecast, starts: .zero, ends: .zero + .seconds(60), jobsPerSecond: 5)
                ]
                sum += observation.models[model].waiting
            }
        }
        return sum
    }
}
