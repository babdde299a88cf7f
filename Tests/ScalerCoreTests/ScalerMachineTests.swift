import Jobs
import ScalerCore
import Testing
import Time

/// The machine against a world that rejects illegal actions, in thousands of random orders.
@Suite(.serialized) struct ScalerMachineTests {
    /// The first seeds of the parts, which run one after the other: other suites wait for processes meanwhile.
    private static let parts = (0..<8).map { UInt64($0) * 1_000 + 1 }
    private static let seedsEach: UInt64 = 250
    private static let steps = 200

    @Test("whatever comes in whichever order, it asks for nothing illegal and forgets no worker", arguments: parts)
    func holds(first: UInt64) {
        var total = ScalerWorld.Tally()
        for seed in first..<(first + Self.seedsEach) {
            var world = ScalerWorld(seed: seed)
            for number in 0..<Self.steps {
                world.step()
                guard world.violations.isEmpty else { return report(world, seed, after: number) }
            }
            world.settle()
            #expect(world.owed.isEmpty, "jobs of workers that ended are forgotten; seed \(seed)")
            world.stop()
            guard world.violations.isEmpty else { return report(world, seed, after: Self.steps) }
            #expect(world.owed.isEmpty, "jobs of workers that ended are forgotten at the end; seed \(seed)")
            #expect(world.machine.drainable.isEmpty, "\(world.machine.drainable) stay; seed \(seed)")
            total.add(world.tally)
        }
        #expect(total.starts > 500 && total.drains > 200 && total.scales > 60 && total.reaps > 200, "\(total)")
        #expect(total.kills > 20 && total.handovers > 2 && total.protected > 10, "\(total)")
    }

    @Test("a reading that fails while the scaler ends is noted: nobody waits for a queue that is away")
    func endsWithoutQueue() {
        var world = ScalerWorld(seed: 1)
        let worker = world.make(in: "local")
        world.tell(.worker(.started(worker: worker, pool: "local")))
        world.beginLook()
        world.deliver()
        world.tell(.ending)
        let now = world.now
        #expect(
            world.machine.handle(.unreadable("away", .init()), at: now, leads: true) == [.note(.unreadable("away"))])
        let end = world.machine.handle(
            .worker(.exited(worker: worker, pool: "local", reason: "", isFailure: false)), at: now, leads: true)
        #expect(!end.contains { if case .reap = $0 { true } else { false } }, "\(end)")
    }

    /// Every failure names the seed, which replays it.
    private func report(_ world: ScalerWorld, _ seed: UInt64, after steps: Int) {
        Issue.record("seed \(seed), step \(steps): \(world.violations.joined(separator: "; "))")
    }
}

extension ScalerWorld.Tally {
    fileprivate mutating func add(_ other: Self) {
        starts += other.starts
        drains += other.drains
        scales += other.scales
        kills += other.kills
        reaps += other.reaps
        handovers += other.handovers
        protected += other.protected
    }
}
