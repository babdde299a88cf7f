import Scaler
import Testing
import Time

@Suite struct SubmissionGateTests {
    @Test("the first submit after a pause wakes at once; under steady traffic ten a second do")
    func limits() {
        let gate = SubmissionGate()
        #expect(gate.admits(at: .zero), "before the first look")
        gate.noteLook(at: .zero, isMoving: false)
        #expect(gate.admits(at: .zero + .milliseconds(1)))
        gate.noteLook(at: .zero, isMoving: true)
        #expect(!gate.admits(at: .zero + .milliseconds(99)))
        #expect(gate.admits(at: .zero + .milliseconds(100)))
        #expect(gate.admits(at: .zero - .seconds(5)), "the cluster's clock went back")
    }
}
