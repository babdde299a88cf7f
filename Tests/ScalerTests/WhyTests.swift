import Foundation
import Jobs
import Operations
import Scaler
import Scaling
import Settings
import Synchronization
import Testing
import Time

@Suite struct WhyTests {
    private func desk(_ fixture: Fixture) -> OperatorDesk {
        let settings = ClusterSettings(
            models: [ModelSettings(name: "m")], pools: [PoolSettings(maximumWorkers: 4, pricePerHour: 0.5)])
        return OperatorDesk(settings: settings, store: fixture.store, observer: fixture.queue, time: fixture.time)
    }

    @Test("every recorded look, decided again, gives the same decision byte for byte")
    func replays() async throws {
        let fixture = try Fixture(minimum: 1)
        fixture.driver.state.withLock { $0.leavesAtOnce = true }
        let bursts = [3, 900, 40, 0, 0, 7, 12_000, 0, 900, 0, 0, 0, 0, 30_000, 7, 0, 0, 0, 5, 900, 0, 0, 0, 0]
        for (step, waiting) in bursts.enumerated() {
            fixture.queue.set(fixture.model, waiting: waiting)
            if step > 1 { fixture.queue.set(fixture.report("cpu-1", held: waiting > 0 ? 1 : 0, settled: step)) }
            for _ in 0..<9 {
                // Those that a burst started are ready from the third step on, and leave when it is quiet.
                for number in 1...max(fixture.driver.state.withLock { $0.started }, 1) where number > 1 && step > 2 {
                    fixture.queue.set(fixture.report("cpu-\(number)", settled: step))
                }
                await fixture.look(after: .milliseconds(977))
            }
        }
        let looks = fixture.store.state.withLock { $0.looks }
        #expect(looks.count >= 5)
        for look in looks {
            let policy = try #require(fixture.store.state.withLock { $0.policies[look.policy] })
            let replay = try #require(Replay(look, policy: policy))
            let again = replay.decision()
            for recorded in look.decisions {
                let pool = try #require(again.pools.first)
                #expect(DecisionRecord(pool, at: again.time, isDone: true).json == recorded)
            }
        }
    }

    @Test("an explanation names what was seen, proposed and clipped, what would have changed it, and is proven")
    func explains() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 900)
        await fixture.look()
        let asked = fixture.time.now() + .seconds(20)
        let explanation = try #require(try await desk(fixture).why(pool: "cpu", at: asked).first)
        #expect(explanation.proof == .same)
        #expect(explanation.decision.wanted == 4)
        #expect(explanation.why_not_more.contains(Counterfactual(change: "a maximum of 10000", wanted: 23)))
        let text = ExplanationText.lines(explanation, asked: asked).joined(separator: "\n")
        for part in [
            "1970-01-01 00:16:40Z cpu: 4 workers (start 4)", "(decided 20 s before, and held since)",
            "900 jobs wait, 0 in flight", "clipped     23 to 4 by maximum",
            "not more    a maximum of 10000 would give 23",
            "byte for byte (spate, policy",
        ] { #expect(text.contains(part), "\(part) in:\n\(text)") }
    }

    @Test("a moment before every decision has no explanation; a pool that is not there is an error")
    func nothingThere() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 900)
        await fixture.look()
        #expect(try await desk(fixture).why(pool: nil, at: fixture.time.now() - .seconds(60)).isEmpty)
        await #expect(throws: ControlError.self) { try await desk(fixture).why(pool: "gpu", at: fixture.time.now()) }
    }

    @Test("the pools' report shows counts, cost and what is set by hand")
    func pools() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.report("cpu-1", held: 3), fixture.report("cpu-2"))
        let desk = desk(fixture)
        _ = try await desk.perform(ControlRequest(.override(pool: "cpu", workers: 3), for: .seconds(600), note: "sale"))
        let pool = try #require(try await desk.pools().pools.first)
        #expect(pool.busy == 1)
        #expect(pool.idle == 1)
        #expect(pool.cost_per_hour == 1)
        #expect(pool.by_hand == ["pool cpu has 3 workers, for 10m (sale)"])
        #expect(try await desk.perform(ControlRequest(.clear(.override, subject: "cpu"))).contains("taken back"))
        await #expect(throws: ControlError.self) {
            try await desk.perform(ControlRequest(.clear(.override, subject: "cpu")))
        }
    }
}

@Suite struct SparseRecordTests {
    @Test("a pool that rested for long is found behind thousands of decisions of others")
    func pages() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 900)
        await fixture.look()
        let first = try #require(fixture.store.decisions.first)
        for number in 1...2_500 {
            let time = fixture.time.now() + .seconds(number)
            let other = first.replacing("\"pool\":\"cpu\"", with: "\"pool\":\"gpu\"")
                .replacing("\"time_ms\":\(fixture.time.now().milliseconds)", with: "\"time_ms\":\(time.milliseconds)")
            try await fixture.store.append(
                RecordedLook(time: time, policy: "", observation: "", state: "", decisions: [other]))
        }
        let settings = ClusterSettings(
            models: [ModelSettings(name: "m")], pools: [PoolSettings(), PoolSettings(name: "gpu")])
        let desk = OperatorDesk(
            settings: settings, store: fixture.store, observer: fixture.queue, time: fixture.time)
        let explanations = try await desk.why(pool: nil, at: fixture.time.now() + .seconds(3_000))
        #expect(explanations.map(\.decision.pool) == ["cpu", "gpu"])
        #expect(explanations.map(\.proof) == [.same, .missing])
    }
}
