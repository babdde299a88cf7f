import Clusters
import Jobs
import Logging
import Observability
import Scaler
import Settings
import Testing
import Time

/// A scaler of one pool and one model `m` between a fake queue and a fake driver.
struct Fixture {
    let queue = FakeQueue()
    let driver = FakeDriver()
    let time = TestTime()
    let clock = TestClock()
    let model: QueueName
    let scaler: ScalerService

    init(
        minimum: Int = 0, maximum: Int = 4, driver kind: PoolSettings.Driver = .process, isDryRun: Bool = false
    ) throws {
        model = try #require(QueueName(model: "m", version: "1"))
        let configuration = ScalerService.Configuration(
            settings: ScalerSettings(),
            models: [
                ModelSettings(
                    name: "m",
                    backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .milliseconds(10))))
            ],
            pools: [PoolSettings(name: "cpu", driver: kind, minimumWorkers: minimum, maximumWorkers: maximum)],
            isDryRun: isDryRun)
        scaler = ScalerService(
            configuration: configuration, observer: queue, drivers: [kind: driver], metrics: MetricsRegistry(),
            time: time, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Lets a tick pass and the scaler look.
    func look(after duration: Duration = .milliseconds(250)) async {
        time.advance(by: duration)
        await scaler.look()
    }

    func report(_ id: String, state: WorkerReport.State = .ready, held: Int = 0, settled: Int = 0) -> WorkerReport {
        WorkerReport(
            id: id, pool: "cpu", state: state, started: time.now(),
            startUp: state == .starting ? nil : .milliseconds(300),
            held: held, settled: settled, models: [WorkerReport.ModelReport(queue: "m.1", instances: 1)])
    }
}
