import Jobs
import Observability

extension AdminStatus {
    /// Sets the gauges of queues and pools to this state.
    func report(to queues: QueueSeries, _ fleet: FleetSeries) {
        for (name, queue) in self.queues {
            guard let name = QueueName(name) else { continue }
            queues.set(
                model: name.model, version: name.version, waiting: queue.waiting, inFlight: queue.in_flight,
                due: queue.due, oldest: .milliseconds(queue.oldest_waiting_ms ?? 0))
        }
        for (name, pool) in pools {
            fleet.set(pool: name, starting: pool.starting, ready: pool.ready, draining: pool.draining)
        }
    }
}
