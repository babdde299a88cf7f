import FoundationEssentials
package import Jobs
import Logging
import NIOCore
import Observability
import RedisClient
import Time

extension RedisWorkQueue {
    /// Every so many renewals the worker looks for deliveries that never reached it.
    private static let reconcileInterval = 5
    /// A delivery that is younger may still be on its way.
    private static let reconcileAge: Duration = .seconds(5)

    package func renewLease(_ report: WorkerReport) async throws(QueueError) -> [JobID] {
        let what = "renewing the lease of worker \(worker)"
        let json: Data
        do {
            json = try JSONEncoder().encode(report)
        } catch {
            throw QueueError(.malformed, "\(what): the report cannot be written as JSON: \(error)")
        }
        let queues = held.queues
        try await takeOutLease(ByteBuffer(bytes: json), mode: "renew", what)
        let replies = try await leaseClient.perform(
            queues.map { RedisCommand("SMEMBERS", keys.cancelled($0, at: worker)) }, what)
        for reply in replies where reply.errorMessage != nil { throw QueueError.unexpected(reply, what) }
        if held.renewed() % Self.reconcileInterval == 0, !queues.isEmpty, held.beginReconciling() {
            // Never in the way of the next renewal: the connection that settles may be busy for longer than the lease.
            launch.yield(.reconciliation(queues))
        }
        let jobs = held.jobs
        let cancelled = zip(queues, replies).flatMap { queue, reply in
            (reply.array ?? []).compactMap { $0.string.flatMap { Keys.job($0, in: queue) } }
        }.filter { jobs.contains($0) }
        held.contest(cancelled)
        return cancelled
    }

    package func watchCancellations(
        of queues: [QueueName], _ deliver: @escaping @Sendable (JobID) -> Void
    ) async {
        let channels = Dictionary(queues.map { (keys.cancelledChannel($0), $0) }) { first, _ in first }
        guard !channels.isEmpty else { return }
        // What is published while the subscription is down comes with the next renewal.
        await connections.makeSubscriber("cancel").run(channels: Array(channels.keys)) { [held] channel, message in
            guard let queue = channels[channel], let id = Keys.job(String(buffer: message), in: queue) else { return }
            held.contest(CollectionOfOne(id))
            deliver(id)
        }
    }

    package func leave() async throws(QueueError) {
        _ = try await Reaper.reap(worker, from: held.queues, after: .leaving, on: client, keys)
        held.remove(held.jobs)
        held.forgetLease()
    }

    /// Takes out a lease before the first take, so that a worker whose first report is still to come is not
    /// taken for dead.
    func register() async throws(QueueError) {
        await admission()
        guard held.registers() else { return }
        do throws(QueueError) {
            try await takeOutLease(ByteBuffer(), mode: "first", "taking out the lease of worker \(worker)")
        } catch {
            held.forgetLease()
            throw error
        }
    }

    private func takeOutLease(_ report: ByteBuffer, mode: String, _ what: String) async throws(QueueError) {
        let call = RedisScript.lease.call(keys: [keys.worker(worker), keys.workers])
            .with(worker)
            .with(report)
            .with(String(QueueOptions.milliseconds(options.leaseDuration)), mode)
        let start = connections.timing.now()
        // Late is as bad as never: the lease would be over.
        let replies = try await leaseClient.perform([call], timeout: options.leaseDuration, what)
        // Otherwise one held already, nobody here knows for how long.
        guard replies.first?.integer == 1 else { return }
        held.lease(from: start, for: options.leaseDuration, now: connections.timing.now())
    }

    // MARK: Deliveries that never reached this worker

    /// After a take that failed: its reply may have been lost on the way.
    func recover(_ queues: [QueueName]) async throws(QueueError) {
        guard !queues.isEmpty else { return }
        do {
            try await reconcile(queues, minimumAge: .zero)
        } catch {
            held.suspect(queues)
            throw error
        }
    }

    /// What the lease asks for now and then, in a task of its own; at most one at a time.
    func reconcileInBackground(_ queues: [QueueName]) async {
        defer { held.endReconciling() }
        do throws(QueueError) {
            try await reconcile(queues, minimumAge: Self.reconcileAge)
        } catch {
            logger.debug("cannot look for lost deliveries; will look again", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    /// Gives back what Redis thinks this worker holds and it does not.
    private func reconcile(_ queues: [QueueName], minimumAge: Duration) async throws(QueueError) {
        let idle = String(minimumAge.wholeMilliseconds)
        for queue in queues {
            for priority in PriorityClass.allCases {
                var start = "-"
                while true {
                    let page = try await pending(queue, priority, idle: idle, from: start)
                    let jobs = held.known
                    try await handBack(ids: page.filter { !jobs.contains($0) })
                    guard page.count == Reaper.step, let last = page.last else { break }
                    start = "(\(last.entry)"
                }
            }
            _ = try await client.perform(
                [
                    RedisScript.reapPointers.call(keys: [keys.again(queue)])
                        .with(worker, Keys.group, String(Reaper.step), idle, "alive")
                ], "looking for lost deliveries of \(queue)")
        }
    }

    private func pending(
        _ queue: QueueName, _ priority: PriorityClass, idle: String, from start: String
    ) async throws(QueueError) -> [JobID] {
        let what = "looking for lost deliveries of \(queue)"
        let command = RedisCommand(
            "XPENDING", keys.lane(queue, priority), Keys.group, "IDLE", idle, start, "+", String(Reaper.step), worker)
        let reply = try await client.perform([command], what).first ?? .null
        if let message = reply.errorMessage {
            if message.hasPrefix("NOGROUP") { return [] }
            throw QueueError(reply: message, what)
        }
        return (reply.array ?? []).compactMap { item in
            guard let entry = item.array?.first?.entryID else { return nil }
            return JobID(queue: queue, priority: priority, entry: entry)
        }
    }
}
