import GatewayCore
import Jobs
import Testing
import Time

@Suite struct ModelSpeedTests {
    private func report(_ id: String, _ state: WorkerReport.State = .ready, cost: (Double, Double)? = (0.002, 0.0005))
        -> WorkerReport
    {
        WorkerReport(
            id: id, pool: "cpu", state: state, started: .zero,
            models: [
                WorkerReport.ModelReport(queue: "m.1", instances: 1, fixedCost: cost?.0, costPerRow: cost?.1)
            ])
    }

    private func milliseconds(_ speed: ModelSpeed?, _ jobs: Int, rows: Double = 1) -> Double? {
        speed?.expectedWait(jobs: jobs, rowsPerJob: rows, maximumRows: 8).map { $0.seconds * 1_000 }
    }

    @Test(
        "costs that cannot be are no estimate, and none traps",
        arguments: [1e300, .infinity, -.infinity, .nan, -1e300, 0])
    func absurd(cost: Double) {
        let speed = ModelSpeed.all([report("a", cost: (cost, cost))])["m.1"]
        for jobs in [0, 1, .max] {
            let wait = speed?.expectedWait(jobs: jobs, rowsPerJob: 1e9, maximumRows: .max)
            #expect(wait.map { $0 >= .zero && $0 <= .seconds(3.2e8) } ?? true)
        }
    }

    @Test("a job alone takes its own run; a backlog is worked off by all instances in full batches")
    func estimates() throws {
        let speed = ModelSpeed.all([report("a"), report("b")])["m.1"]
        #expect(try abs(#require(milliseconds(speed, 1)) - 2.5) < 1e-9)
        #expect(try abs(#require(milliseconds(speed, 100)) - 39.625) < 1e-9)
        let single = ModelSpeed.all([report("a")])["m.1"]
        #expect(try #require(milliseconds(single, 100)) > 70)
        #expect(try #require(milliseconds(speed, 100, rows: 4)) > 150)
    }

    @Test("nothing is said while no worker is ready or none has run the model")
    func tellsNothing() {
        #expect(ModelSpeed.all([])["m.1"] == nil)
        #expect(ModelSpeed.all([report("a", .starting), report("b", .draining)])["m.1"] == nil)
        #expect(ModelSpeed.all([report("a", cost: nil)])["m.1"] == nil)
        #expect(ModelSpeed.all([report("a")])["other.1"] == nil)
        #expect(ModelSpeed().expectedWait(jobs: 5, rowsPerJob: 1, maximumRows: 8) == nil)
    }
}
