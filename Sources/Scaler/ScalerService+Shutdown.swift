import ScalerCore
import Clusters
import Jobs
import Logging
import Observability
import Scaling
import Settings
import Time
import Clocks

/// The end of the scaler, and of the workers that it started.
extension ScalerService {
    /// Drains every worker that it started and waits for their ends; kills those that stay. Where a count is the order it
    /// stays as it is: those workers go on without a scaler.
    package func drainAll() async {
        isStopping = true
        let workers = drainable
        guard !workers.isEmpty else { return }
        logger.info("The scaler stops and drains its workers", metadata: [LogKeys.batchSize: "\(workers.count)"])
        for worker in workers { await drain(worker) }
        let longest = configuration.pools.map(\.drainTimeout).max() ?? .zero
        await waitForEnds(atMost: longest + .seconds(5))
        let stayed = drainable
        guard !stayed.isEmpty else { return }
        logger.error("Workers did not leave in time and are killed", metadata: [LogKeys.batchSize: "\(stayed.count)"])
        for worker in stayed {
            guard let member = fleet.members[worker], let (_, driver) = managed(member.pool) else { continue }
            await driver.kill(worker)
        }
        await waitForEnds(atMost: .seconds(2))
    }

    /// Children, and what its driver adopted while it leads: else those are the leader's.
    var drainable: [String] {
        fleet.ours.filter { worker in
            fleet.members[worker].map { managed($0.pool) != nil && (leads || isChild(worker)) } ?? false
        }
    }

    /// Whether it is a process that this one started.
    func isChild(_ worker: String) -> Bool {
        guard let member = fleet.members[worker], member.isOurs else { return false }
        return ordering(of: member.pool) == .oneByOne(.starter)
    }

    func drain(_ worker: String) async {
        guard let member = fleet.members[worker], let (_, driver) = managed(member.pool) else { return }
        fleet.noteLeaving(worker)
        await driver.drain(worker)
    }

    func waitForEnds(atMost limit: Duration) async {
        let deadline = Deadline(limit, on: clock)
        while !drainable.isEmpty, !Task.isCancelled {
            let remaining = deadline.remaining
            guard remaining > .zero else { return }
            await ending.wait(atMost: remaining, clock: clock)
        }
    }
}

/// A moment on a clock whose instants are not known.
private struct Deadline {
    private let remainingTime: () -> Duration

    init(_ limit: Duration, on clock: some Clock<Duration>) {
        let end = clock.now.advanced(by: limit)
        remainingTime = { clock.now.duration(to: end) }
    }

    var remaining: Duration { remainingTime() }
}
