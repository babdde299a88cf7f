import Foundation
import Operations
import Scaler
import Scaling
import Testing
import Time

@Suite struct DecisionRecordTests {
    @Test("a decision's record reads as documented")
    func record() throws {
        var state = PolicyState()
        let policy = Policy(
            models: [
                ModelPolicy(
                    name: "m.1", pools: ["cpu"], maximumRows: 1,
                    assumedCost: ServiceCost(fixed: .zero, perRow: .milliseconds(10)))
            ], pools: [PoolPolicy(name: "cpu", maximum: 2)])
        let time = Timestamp(microseconds: 1_700_000_000_000_000)
        let decision = decide(
            Observation(
                time: time, queuesRead: time, workersRead: time,
                models: [ModelObservation(name: "m.1", waiting: 900)], pools: [PoolObservation(name: "cpu")]),
            policy: policy, state: &state)
        let record = DecisionRecord(try #require(decision.pools.first), at: time, isDone: true)
        #expect(
            record.json == """
                {"arrival_rate":0,"candidates":[{"count":23,"proposer":"backlog","reason":"900 jobs wait, 9 s of work, \
                23 wanted for the backlog"},{"count":1,"proposer":"wake","reason":"900 jobs wait and there is no worker"}],\
                "drain_time_ms":4500,"draining":0,"drains":0,"dry_run":false,"due":0,"guards":[{"from":23,"reason":"held at 2 \
                by the maximum","rule":"maximum","to":2}],"idle":0,"in_flight":0,"instead":["a maximum of 23 would give 23"],\
                "load":0,"pool":"cpu","ready":0,"reason":"2 workers (start 2): 900 jobs wait, 9 s of work, 23 wanted for the \
                backlog; held at 2 by the maximum","start_up_ms":1000,"starting":0,"starts":2,"time_ms":1700000000000,\
                "waiting":900,"wanted":2,"work_seconds":9}
                """)
        #expect(try JSONDecoder().decode(DecisionRecord.self, from: Data(record.json.utf8)) == record)
    }
}
