import Testing

@testable import Clusters

@Suite struct RestartPlanTests {
    private let start = ContinuousClock.now

    @Test("what is killed comes back however often, with growing pauses, and that is said once")
    func killed() {
        var plan = RestartPlan()
        var steps: [RestartPlan.Step] = []
        for second in 0..<12 {
            steps.append(plan.ended(isKilled: true, after: .milliseconds(500), at: start + .seconds(second)))
        }
        #expect(steps[0] == .restart(after: .zero, .death))
        #expect(steps[1] == .restart(after: .milliseconds(100), .death))
        #expect(steps[4] == .restart(after: .milliseconds(800), .death))
        #expect(steps[5] == .restart(after: .milliseconds(1_600), .repetition))
        #expect(
            steps[6...] == [
                .restart(after: .milliseconds(3_200), .nothing), .restart(after: .seconds(5), .nothing),
                .restart(after: .seconds(5), .nothing), .restart(after: .seconds(5), .nothing),
                .restart(after: .seconds(5), .nothing), .restart(after: .seconds(5), .nothing),
            ])
        // After a quiet minute it is as new.
        #expect(
            plan.ended(isKilled: true, after: .seconds(90), at: start + .seconds(100)) == .restart(after: .zero, .death)
        )
    }

    @Test("what ends by itself at once, six times in a row, does not come back")
    func vain() {
        var plan = RestartPlan()
        for second in 0..<5 {
            #expect(plan.ended(isKilled: false, after: .milliseconds(50), at: start + .seconds(second)) != .giveUp)
        }
        var lived = plan
        #expect(lived.ended(isKilled: false, after: .seconds(6), at: start + .seconds(12)) != .giveUp)
        #expect(plan.ended(isKilled: false, after: .milliseconds(50), at: start + .seconds(6)) == .giveUp)
    }
}
