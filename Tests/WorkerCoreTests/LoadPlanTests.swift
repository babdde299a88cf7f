import Jobs
import Testing
import Time
import WorkerTestSupport

@testable import WorkerCore

@Suite struct LoadPlanTests {
    private let now = Timestamp.zero + .seconds(1_000)

    private func lost(deaths: Int, alone: Int) -> LostLoad {
        LostLoad(
            load: LoadEntry(worker: "w", pool: "cpu", queue: "m.1", stamp: "v1", began: .zero, isAlone: alone > 0),
            deaths: deaths, deathsAlone: alone)
    }

    private func plan(_ fault: ServingFault, stamp: String = "v1", after time: Duration = .zero) throws -> LoadPlan {
        LoadPlan(of: [(try makeQueueName(), stamp)], pool: "cpu", faults: ServingFaults([fault]), at: now + time)
    }

    @Test("one death, or many beside other loads, makes a suspect; a second one alone proves it")
    func proof() throws {
        let name = try makeQueueName()
        for (deaths, alone) in [(1, 0), (1, 1), (5, 0)] {
            let plan = try plan(LoadPlan.fault(of: lost(deaths: deaths, alone: alone), at: now))
            #expect(plan.suspects == [name] && plan.leftOut.isEmpty, "\(deaths) deaths, \(alone) alone")
        }
        let proven = LoadPlan.fault(of: lost(deaths: 2, alone: 1), at: now)
        #expect(try plan(proven).leftOut == [name: proven])
        #expect(try plan(proven, stamp: "v2") == plan(proven, stamp: "v3"), "other files are another model")
        #expect(try plan(proven, stamp: "v2").leftOut.isEmpty && plan(proven, stamp: "v2").suspects.isEmpty)
        #expect(try plan(proven, after: LoadPlan.leftOutFor).suspects == [name], "tried again, alone")
    }

    @Test("a model is refused when each of its pools says why, and for as long as that holds")
    func refusal() throws {
        let name = try makeQueueName()
        func fault(_ pool: String, _ queue: String?, _ reason: String, until: Duration) -> ServingFault {
            ServingFault(.load, pool: pool, queue: queue, reason: reason, since: now, until: now + until)
        }
        var faults = ServingFaults([fault("cpu", "m.1", "no operator", until: .seconds(30))])
        #expect(faults.refusal(of: name, pools: ["cpu"], at: now)?.reason == "no operator")
        #expect(faults.refusal(of: name, pools: ["cpu", "gpu"], at: now) == nil)
        #expect(faults.unable(toServe: name, of: ["cpu", "gpu"], at: now) == ["cpu"])
        faults = ServingFaults(faults.all + [fault("gpu", nil, "no GPU", until: .seconds(20))])
        let refusal = try #require(faults.refusal(of: name, pools: ["cpu", "gpu"], at: now))
        #expect(refusal.reason == "pool cpu: no operator; pool gpu: no GPU" && refusal.until == now + .seconds(20))
        #expect(faults.refusal(of: name, pools: ["cpu", "gpu"], at: now + .seconds(20)) == nil, "it is tried again")
        #expect(faults.refusal(of: try makeQueueName("other"), pools: ["cpu"], at: now) == nil)
        #expect(faults.refusal(of: try makeQueueName("other"), pools: ["gpu"], at: now) != nil)
    }

    @Test("a failure when it was due counts one more, those of several workers at the same time count once")
    func following() {
        func failure(at time: Duration, stamp: String = "v1") -> ServingFault {
            ServingFault(
                .load, pool: "cpu", queue: "m.1", reason: "r", since: now + time, until: now, stamp: stamp)
        }
        let first = failure(at: .zero).following(nil)
        #expect(first.failures == 1 && first.until == now + .seconds(25))
        #expect(failure(at: .seconds(1)).following(first).failures == 1)
        let second = failure(at: .seconds(16)).following(first)
        #expect(second.failures == 2 && second.until == now + .seconds(16 + 30 + 10))
        #expect(failure(at: .seconds(16), stamp: "v2").following(first).failures == 1)
    }

    @Test("a model that fails is tried again after 15 s, then ever later, at last every 15 minutes")
    func pauses() {
        let pauses = (1...9).map { ServingFault.pause(afterFailures: $0).components.seconds }
        #expect(pauses == [15, 30, 60, 120, 240, 480, 900, 900, 900])
    }
}
