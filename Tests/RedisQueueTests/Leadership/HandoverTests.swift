import Jobs
import Testing
import Time

@Suite struct HandoverTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

    @Test("drains nothing while it leads, and nothing before a new leader is seen")
    func nothing() {
        var handover = Handover(startUp: .seconds(10))
        #expect(handover.drains(own: 8, leads: true, hasLeader: false, at: at(0)) == 0)
        #expect(handover.drains(own: 8, leads: true, hasLeader: true, at: at(1)) == 0)
        #expect(handover.drains(own: 8, leads: false, hasLeader: false, at: at(100)) == 0)
    }

    @Test("drains a quarter in each start-up time until none is left", arguments: [1, 2, 3, 4, 5, 8, 17, 100])
    func quarters(count: Int) {
        var handover = Handover(startUp: .seconds(10))
        var own = count
        var steps: [Int64: Int] = [:]
        for second in Int64(0)..<60 {
            let drains = handover.drains(own: own, leads: false, hasLeader: true, at: at(second))
            #expect(drains <= own && drains <= (count + 3) / 4)
            own -= drains
            if drains > 0 { steps[second] = drains }
        }
        #expect(own == 0)
        #expect(steps.count <= 4)
        #expect(steps.keys.allSatisfy { $0 % 10 == 0 })
        #expect(steps.values.reduce(0, +) == count)
    }

    @Test("stops when it leads again, and begins anew when it is deposed once more")
    func leadsAgain() {
        var handover = Handover(startUp: .seconds(10))
        #expect(handover.drains(own: 8, leads: false, hasLeader: true, at: at(0)) == 2)
        #expect(handover.drains(own: 6, leads: true, hasLeader: true, at: at(5)) == 0)
        #expect(handover.drains(own: 12, leads: false, hasLeader: true, at: at(6)) == 3)
    }
}
