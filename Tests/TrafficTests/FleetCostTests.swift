import Testing
import Time
import Traffic

@Suite struct FleetCostTests {
    private func sample(_ second: Double, starting: Int = 0, ready: Int, draining: Int = 0) -> ClusterSample {
        ClusterSample(
            elapsedSeconds: second, waiting: 0, inFlight: 0, due: 0,
            pools: ["cpu": .init(starting: starting, ready: ready, draining: draining, pricePerHour: 3.6)])
    }

    @Test("adds up workers over time, starting and draining ones included")
    func addsUp() throws {
        let cost = try #require(
            FleetCost([
                sample(0, ready: 0), sample(10, starting: 2, ready: 1), sample(20, ready: 3),
                sample(60, ready: 1, draining: 1),
                sample(100, ready: 0),
            ]))
        #expect(cost.workerSeconds == 230)
        #expect(cost.pools.first?.peakWorkers == 3)
        #expect(cost.fixedWorkerSeconds == 300)
        #expect(abs(cost.cost - 0.230) < 1e-9)
        #expect(abs(cost.fixedCost - 0.300) < 1e-9)
        #expect(abs(cost.savedShare - (1 - 230.0 / 300)) < 1e-9)
    }

    @Test("is unknown without two samples")
    func unknown() {
        #expect(FleetCost([]) == nil)
        #expect(FleetCost([sample(1, ready: 1)]) == nil)
    }
}

@Suite struct ScaleOutTrackerTests {
    @Test("counts from the first arrival when no worker is ready")
    func fromZero() {
        var tracker = ScaleOutTracker()
        tracker.sampled(ready: 0, waiting: 0, at: .zero)
        tracker.arrived(at: .seconds(1))
        tracker.arrived(at: .seconds(2))
        tracker.sampled(ready: 0, waiting: 2, at: .seconds(2))
        tracker.finished(at: .milliseconds(2_400))
        #expect(
            tracker.episodes == [
                ScaleOutEpisode(excessSeconds: 1, workersBefore: 0, readySeconds: nil, firstResultSeconds: 2.4)
            ])
    }

    @Test("ignores results until the new worker is ready, then takes the first one")
    func fromOne() {
        var tracker = ScaleOutTracker()
        tracker.sampled(ready: 1, waiting: 5, at: .zero)
        tracker.arrived(at: .seconds(1))
        tracker.finished(at: .seconds(2))
        tracker.sampled(ready: 2, waiting: 50, at: .seconds(3))
        tracker.finished(at: .seconds(4))
        tracker.finished(at: .seconds(5))
        #expect(
            tracker.episodes == [
                ScaleOutEpisode(excessSeconds: 1, workersBefore: 1, readySeconds: 3, firstResultSeconds: 4)
            ])
    }

    @Test("waits for the new worker's own result when the cluster names its workers")
    func ownResult() {
        var tracker = ScaleOutTracker()
        tracker.sampled(ready: 1, waiting: 5, answered: ["a"], at: .zero)
        tracker.arrived(at: .seconds(1))
        tracker.sampled(ready: 2, waiting: 50, answered: ["a"], at: .seconds(3))
        tracker.finished(at: .seconds(4))
        #expect(tracker.episodes.isEmpty)
        tracker.sampled(ready: 2, waiting: 40, answered: ["a", "b"], at: .seconds(5))
        #expect(
            tracker.episodes == [
                ScaleOutEpisode(excessSeconds: 1, workersBefore: 1, readySeconds: 3, firstResultSeconds: 5)
            ])
    }

    @Test("forgets an excess that the live workers cope with")
    func coped() {
        var tracker = ScaleOutTracker()
        tracker.sampled(ready: 1, waiting: 5, at: .zero)
        tracker.arrived(at: .seconds(1))
        tracker.sampled(ready: 1, waiting: 0, at: .seconds(2))
        tracker.sampled(ready: 2, waiting: 0, at: .seconds(3))
        tracker.finished(at: .seconds(4))
        #expect(tracker.episodes.isEmpty)
    }

    @Test("says nothing when the cluster was never observed")
    func unobserved() {
        var tracker = ScaleOutTracker()
        tracker.arrived(at: .seconds(1))
        tracker.finished(at: .seconds(2))
        #expect(tracker.episodes.isEmpty)
    }
}
