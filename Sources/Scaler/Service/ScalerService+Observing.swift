import Clusters
import Forecasting
import Jobs
import Logging
import Observability
import Operations
import ScalerCore
import Scaling
import Settings
import Time

/// What the machine is shown with each look.
extension ScalerService {
    func observe() async -> ScalerEvent {
        let queues = configuration.queues
        async let snapshots = observer.snapshot(of: queues)
        async let reports = observer.workers()
        async let control = readControl()
        async let isLed = isDryRunLed()
        do {
            let reading = ScalerEvent.Reading(
                snapshots: try await snapshots, reports: try await reports, control: await control)
            return .read(reading, circumstances(isLed: await isLed))
        } catch { return .unreadable("\(error)", circumstances(isLed: await isLed)) }
    }

    private func circumstances(isLed: Bool) -> ScalerEvent.Circumstances {
        let now = time.now()
        var unavailable: [String: Unavailability] = [:]
        for pool in configuration.pools {
            unavailable[pool.name] = drivers[pool.driver]?.unavailability(of: PoolPlace(pool))
        }
        var expected: [QueueName: [ExpectedArrivals]] = [:]
        for queue in configuration.queues {
            expected[queue] = declared(for: queue, at: now) + self.expected(queue, now, configuration.settings.forecast)
        }
        return ScalerEvent.Circumstances(
            unavailable: unavailable, faults: serving?.current(), expected: expected, isLed: isLed)
    }

    /// `nil` when it cannot be read: then what was set before still counts.
    private func readControl() async -> ControlState? {
        guard let store else { return nil }
        do { return try await store.control() } catch {
            // That the queue is away is said of the reading itself.
            logger.debug("What operators set was not read", metadata: [LogKeys.reason: "\(error)"])
            return nil
        }
    }

    /// Whether another scaler leads beside a dry run; when that cannot be read, one does.
    private func isDryRunLed() async -> Bool {
        guard configuration.isDryRun, let store else { return false }
        do { return try await store.isLed() } catch {
            logger.debug("Who leads was not read", metadata: [LogKeys.reason: "\(error)"])
            return true
        }
    }

    /// How far ahead the calendar is looked at; longer than any start-up that makes sense to wait for.
    private static let calendarHorizon = Duration.seconds(1_800)

    /// What the calendar says of a model.
    private func declared(for queue: QueueName, at now: Timestamp) -> [ExpectedArrivals] {
        configuration.settings.calendar.filter { $0.model == nil || $0.model == queue.model }.flatMap { declared in
            declared.event.expected(from: now, to: now + Self.calendarHorizon, in: declared.rules)
        }.map { ExpectedArrivals($0) }
    }
}
