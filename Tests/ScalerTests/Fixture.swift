import Clusters
import Jobs
import Logging
import Observability
import Scaler
import Settings
import Synchronization
import TestSupport
import Testing
import Time

/// A scaler of one pool and one model `m` between a fake queue and a fake driver.
struct Fixture {
    let queue = FakeQueue()
    let driver: FakeDriver
    let time = TestTime()
    let clock = TestClock()
    let model: QueueName
    let store = FakeStore()
    let logs = LogLines()
    let board = ModelLoadBoard()
    let scaler: ScalerService

    init(
        minimum: Int = 0, maximum: Int = 4, driver kind: PoolSettings.Driver = .process, isDryRun: Bool = false,
        price: Double = 0, models names: [String] = ["m"], files: SettingsWatch? = nil,
        settings: ClusterSettings? = nil,
        stamp: @escaping @Sendable (ModelSettings) -> String = { _ in "" }
    ) throws {
        driver = FakeDriver(kind.registration.ordering)
        model = try #require(QueueName(model: "m", version: "1"))
        var configuration = ScalerService.Configuration(
            settings: ScalerSettings(),
            models: names.map { name in
                ModelSettings(
                    name: name,
                    backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .milliseconds(10))))
            },
            pools: [
                PoolSettings(
                    name: "cpu", driver: kind, minimumWorkers: minimum, maximumWorkers: maximum, pricePerHour: price)
            ],
            isDryRun: isDryRun)
        if let settings { configuration.cluster = settings }
        let (logs, board) = (logs, board)
        scaler = ScalerService(
            configuration: configuration, observer: queue, drivers: [kind: driver], store: store,
            serving: ServingSight(board: board, current: { board.all }, stamp: stamp), files: files,
            metrics: MetricsRegistry(),
            time: time, clock: clock, logger: Logger(label: "test") { _ in logs.handler })
    }

    /// Lets a tick pass and the scaler look.
    func look(after duration: Duration = .milliseconds(250)) async {
        time.advance(by: duration)
        await scaler.look()
    }

    func report(
        _ id: String, state: WorkerReport.State = .ready, held: Int = 0, settled: Int = 0,
        model condition: WorkerReport.Condition = .loaded
    ) -> WorkerReport {
        WorkerReport(
            id: id, pool: "cpu", state: state, started: time.now(),
            startUp: state == .starting ? nil : .milliseconds(300),
            held: held, settled: settled,
            models: [WorkerReport.ModelReport(queue: "m.1", instances: 1, state: condition)])
    }
}

/// What was logged, one text a line with its reason.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var handler: any LogHandler { Handler(lines: self) }
    var all: [String] { lines.withLock { $0 } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let reason = event.metadata?["reason"].map { " \($0)" } ?? ""
            lines.lines.withLock { $0.append("\(event.level) \(event.message)\(reason)") }
        }
    }
}
