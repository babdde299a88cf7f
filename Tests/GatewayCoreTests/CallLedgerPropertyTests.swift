import GatewayCore
import Jobs
import Testing

@Suite struct CallLedgerPropertyTests {
    @Test("in whatever order things happen, every call is answered exactly once and nothing stays", arguments: 0..<8)
    func answersOnce(block: Int) throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        for seed in UInt64(block * 250)..<UInt64(block * 250 + 250) {
            var world = CallWorld(seed: seed, queue: queue)
            for _ in 0..<80 { world.step() }
            world.end()
            let complaints = world.complaints()
            #expect(complaints.isEmpty, "seed \(seed): \(complaints)")
        }
    }
}
