import Jobs
import Operations
import ScalerCore
import Scaling
import Testing
import Time

@Suite struct PolicyControlTests {
    let now = Timestamp(microseconds: 1_000_000_000)

    @Test("what is set by hand becomes part of the policy, and so does the fallback where data is old")
    func policy() throws {
        let policy = Policy(
            models: [], pools: [PoolPolicy(name: "cpu", maximum: 4), PoolPolicy(name: "gpu", maximum: 1)])
        let control = ControlState([
            ControlEntry(.override, "cpu", count: 3, set: now, until: now + .seconds(60), note: "sale"),
            ControlEntry(.pause, "gpu", set: now),
        ])
        let fresh = policy.with(control, fallback: 2, isStale: false, at: now)
        #expect(fresh.pools.first?.override == PoolOverride(count: 3, expires: now + .seconds(60), note: "sale"))
        #expect(fresh.pools.map(\.isPaused) == [false, true])
        #expect(fresh.pools.map(\.minimum) == [0, 0])
        let stale = policy.with(ControlState(), fallback: 2, isStale: true, at: now)
        #expect(stale.pools.map(\.minimum) == [2, 1])
        #expect(
            policy.with(control, fallback: nil, isStale: true, at: now + .seconds(61)).pools.first?.override == nil)
    }
}
