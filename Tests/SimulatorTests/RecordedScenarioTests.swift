import Scaling
import Simulator
import Testing
import Time

@Suite struct RecordedScenarioTests {
    private let model = SimulatedModel(
        name: "digits.1", cost: ServiceCost(fixed: .milliseconds(10), perRow: .milliseconds(10)), maximumRows: 8,
        deadline: .seconds(1))
    private let pool = SimulatedPool(name: "cpu", startUp: .seconds(1), minimum: 0, maximum: 4, pricePerHour: 1)

    @Test(
        "a recording is simulated from the first minute that was seen to the last, what nobody saw between them as empty"
    )
    func span() throws {
        let scenario = try #require(
            Scenario.recorded(
                counts: [nil, 5, nil, 7, 0, nil], from: Timestamp(microseconds: 61_000_000), model: model, pools: [pool]
            ))
        #expect(scenario.trace.start == Timestamp(microseconds: 120_000_000))
        #expect(scenario.trace.count == 12)
        #expect(scenario.trace.duration == .seconds(240))
    }

    @Test("nothing recorded, nothing arrived or no pool: there is nothing to search on")
    func nothing() {
        func scenario(_ counts: [Int?], _ pools: [SimulatedPool]) -> Scenario? {
            Scenario.recorded(counts: counts, from: .zero, model: model, pools: pools)
        }
        #expect(scenario([], [pool]) == nil && scenario([nil, nil], [pool]) == nil)
        #expect(scenario([0, 0], [pool]) == nil && scenario([3], []) == nil)
    }
}
