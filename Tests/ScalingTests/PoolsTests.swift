import Scaling
import Testing
import Time

/// Which pool carries the work.
@Suite struct PoolsTests {
    static let slow = ServiceCost(fixed: .zero, perRow: .milliseconds(10))
    static let fast = ServiceCost(fixed: .zero, perRow: .milliseconds(1))

    /// A cpu at 1 an hour and a gpu ten times as fast at `gpuPrice`, one model that prefers the gpu.
    static func outcome(
        gpuPrice: Double, waiting: Int, gpuMaximum: Int = 2, gpuUnavailable: String? = nil, gpuFailures: Int = 0,
        isMeasured: Bool = true, budget: Double? = nil, unservable: [String]? = nil
    ) -> Decision {
        var policy = Policy(
            models: [ModelPolicy(name: "m", pools: ["gpu", "cpu"], maximumRows: 1, assumedCost: slow)],
            pools: [
                PoolPolicy(name: "cpu", maximum: 20, pricePerHour: 1),
                PoolPolicy(name: "gpu", maximum: gpuMaximum, pricePerHour: gpuPrice),
            ])
        policy.budgetPerHour = budget
        var state = PolicyState()
        func observation(at time: Timestamp, failed: Int, waiting: Int) -> Observation {
            Observation(
                time: time, queuesRead: time, workersRead: time,
                models: [
                    ModelObservation(name: "m", waiting: waiting, submitted: waiting, unservable: unservable)
                ],
                pools: [
                    PoolObservation(name: "cpu", costs: isMeasured ? [MeasuredCost(model: "m", cost: slow)] : []),
                    PoolObservation(
                        name: "gpu", unavailable: gpuUnavailable, startsFailed: failed,
                        costs: isMeasured ? [MeasuredCost(model: "m", cost: fast)] : []),
                ])
        }
        _ = decide(observation(at: .zero, failed: 0, waiting: 0), policy: policy, state: &state)
        return decide(
            observation(at: .zero + .milliseconds(250), failed: gpuFailures, waiting: waiting), policy: policy,
            state: &state)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var decision: Decision
        var cpu: Int
        var gpu: Int
        var testDescription: String { name }
    }

    @Test(
        "work goes to the cheapest pool per prediction that is available, and spills",
        arguments: [
            Row(name: "gpu cheaper per row", decision: outcome(gpuPrice: 9, waiting: 100), cpu: 0, gpu: 1),
            Row(name: "cpu cheaper per row", decision: outcome(gpuPrice: 11, waiting: 100), cpu: 3, gpu: 0),
            // The gpu pool needs 3.75 of its 2 workers: 0.53 of the work stays, the rest is 7 s for the cpu.
            Row(name: "gpu full", decision: outcome(gpuPrice: 9, waiting: 1_500), cpu: 18, gpu: 2),
            Row(
                name: "no gpu here", decision: outcome(gpuPrice: 9, waiting: 100, gpuUnavailable: "no GPU"), cpu: 3,
                gpu: 0),
            Row(
                name: "not loadable on a gpu", decision: outcome(gpuPrice: 9, waiting: 100, unservable: ["gpu"]),
                cpu: 3,
                gpu: 0),
            Row(
                name: "no money for a gpu", decision: outcome(gpuPrice: 9, waiting: 100, budget: 8), cpu: 3, gpu: 0),
            Row(
                name: "money for one gpu and three cpus", decision: outcome(gpuPrice: 9, waiting: 1_500, budget: 12),
                cpu: 3, gpu: 1),
            Row(name: "gpu off", decision: outcome(gpuPrice: 9, waiting: 100, gpuMaximum: 0), cpu: 3, gpu: 0),
            Row(name: "gpu starts fail", decision: outcome(gpuPrice: 9, waiting: 100, gpuFailures: 1), cpu: 3, gpu: 0),
            Row(
                name: "nothing measured: preference", decision: outcome(gpuPrice: 99, waiting: 50, isMeasured: false),
                cpu: 0, gpu: 2),
        ])
    func choosesPool(row: Row) {
        #expect(row.decision.pools.map(\.wanted) == [row.cpu, row.gpu])
        #expect(row.decision.unserved.isEmpty)
    }

    @Test("no worker is wanted for a backlog that nobody can serve, and the model is named")
    func wantsNobodyInVain() {
        let decision = Self.outcome(gpuPrice: 9, waiting: 3_000, unservable: ["gpu", "cpu"])
        #expect(decision.pools.map(\.wanted) == [0, 0])
        #expect(decision.unserved.map(\.model) == ["m"] && decision.unserved.map(\.jobs) == [3_000])
    }

    @Test("the known algorithms do not count such a backlog either")
    func knownAlgorithms() {
        func wanted(_ unservable: [String]?) -> Int? {
            var policy = Policy(
                models: [ModelPolicy(name: "m", pools: ["cpu"], maximumRows: 1, assumedCost: Self.slow)],
                pools: [PoolPolicy(name: "cpu", maximum: 20)])
            policy.algorithm = Algorithm(KEDALag())
            var state = PolicyState()
            return decide(
                Observation(
                    time: .zero, queuesRead: .zero, workersRead: .zero,
                    models: [ModelObservation(name: "m", waiting: 100, submitted: 100, unservable: unservable)],
                    pools: [PoolObservation(name: "cpu")]), policy: policy, state: &state
            ).pools.first?.wanted
        }
        #expect(wanted(nil) ?? 0 > 0)
        #expect(wanted(["cpu"]) == 0)
    }

    @Test("a model whose only pool is unavailable is named, with the reason at the pool")
    func namesUnserved() throws {
        let policy = Policy(
            models: [ModelPolicy(name: "m", pools: ["gpu"])], pools: [PoolPolicy(name: "gpu", minimum: 1, maximum: 1)])
        var state = PolicyState()
        let decision = decide(
            Observation(
                time: .zero, queuesRead: .zero, workersRead: .zero, models: [ModelObservation(name: "m", waiting: 3)],
                pools: [PoolObservation(name: "gpu", unavailable: "/dev/nvidia0 is not there")]), policy: policy,
            state: &state)
        #expect(decision.unserved.map(\.model) == ["m"])
        #expect(decision.unserved.map(\.jobs) == [3])
        let pool = try #require(decision.pools.first)
        #expect(pool.starts == 0)
        #expect(pool.reason.contains("/dev/nvidia0 is not there"))
    }

    @Test("the measured speed outlives the workers that measured it")
    func remembersCost() throws {
        let policy = Policy(
            models: [ModelPolicy(name: "m", pools: ["cpu"], maximumRows: 64)],
            pools: [PoolPolicy(name: "cpu", maximum: 100)])
        var state = PolicyState()
        var observation = Observation(
            time: .zero, queuesRead: .zero, workersRead: .zero, models: [ModelObservation(name: "m", waiting: 1_000)],
            pools: [PoolObservation(name: "cpu")])
        // Assumed: 5.08 ms a row, 5 s of work.
        #expect(decide(observation, policy: policy, state: &state).pools[0].wanted == 13)
        observation.pools[0].costs = [
            MeasuredCost(model: "m", cost: ServiceCost(fixed: .microseconds(100), perRow: .microseconds(20)))
        ]
        _ = decide(observation, policy: policy, state: &state)
        observation.pools[0].costs = []
        #expect(decide(observation, policy: policy, state: &state).pools[0].candidates[0].count == 1)
    }

    /// A cpu that starts in 10 s and a gpu that needs 40 s, four times as fast for three times the money.
    static func slowGPU(load: Int, gpu: PoolObservation, waiting: Int = 0) -> Decision {
        let quick = ServiceCost(fixed: .zero, perRow: .microseconds(2_500))
        let policy = Policy(
            models: [ModelPolicy(name: "m", pools: ["cpu", "gpu"], maximumRows: 1, deadline: .seconds(30))],
            pools: [
                PoolPolicy(name: "cpu", maximum: 20, pricePerHour: 1, assumedStartUp: .seconds(10)),
                PoolPolicy(name: "gpu", maximum: 4, pricePerHour: 3, assumedStartUp: .seconds(40)),
            ])
        var state = PolicyState()
        var submitted = 0
        var decision = Decision(time: .zero, pools: [])
        for look in 0..<2_400 {
            let now = Timestamp.zero + .milliseconds(250 * Int64(look))
            submitted += load / 4
            var gpu = gpu
            gpu.costs = [MeasuredCost(model: "m", cost: quick)]
            decision = decide(
                Observation(
                    time: now, queuesRead: now, workersRead: now,
                    models: [ModelObservation(name: "m", waiting: waiting, submitted: submitted)],
                    pools: [PoolObservation(name: "cpu", costs: [MeasuredCost(model: "m", cost: slow)]), gpu]),
                policy: policy, state: &state)
        }
        return decision
    }

    @Test("a pool that starts too slowly for the deadline carries the load that lasts; bursts go to the quick pool")
    func slowPoolIsBase() {
        // 800 a second are two gpu workers, or eight cpu workers for a third more money.
        let lasting = Self.slowGPU(load: 800, gpu: PoolObservation(name: "gpu"))
        #expect(lasting.pools[1].wanted == 2)
        let small = Self.slowGPU(load: 40, gpu: PoolObservation(name: "gpu"))
        #expect(small.pools[1].wanted == 0, "a tenth of a gpu worker is cheaper on the cpu")
        let burst = Self.slowGPU(load: 0, gpu: PoolObservation(name: "gpu"), waiting: 5_000)
        #expect(burst.pools[0].starts > 0)
        #expect(burst.pools[1].starts == 0)
        let carried = Self.slowGPU(load: 0, gpu: PoolObservation(name: "gpu", busy: 2), waiting: 5_000)
        #expect(carried.pools[0].starts == 0, "two gpu workers do 12.5 s of work in time")
    }
}
