import Jobs
import NIOCore
import RedisClient
import Synchronization
import Time

/// Wakes those who wait for a job to be settled. One subscription per queue, held while anybody waits for a job of
/// it and a little longer.
final class SettledNotices: Sendable {
    /// Who waits for one job.
    final class Waiter: Sendable {
        let id: JobID
        fileprivate let number: UInt64
        private let timing: QueueTiming
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        fileprivate init(_ id: JobID, number: UInt64, timing: QueueTiming) {
            self.timing = timing
            self.id = id
            self.number = number
            (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        }

        fileprivate func wake() { continuation.yield() }

        /// Returns at the next notice (one that came since the last call counts), at the deadline, or when the task
        /// is cancelled.
        func wait(until deadline: Timestamp) async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in self.stream { return } }
                group.addTask { await self.timing.pause(max(.zero, deadline - self.timing.now())) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private struct State {
        var waiters: [JobID: [Waiter]] = [:]
        var counts: [QueueName: Int] = [:]
        var subscribed: Set<QueueName> = []
        var total = 0
        var last: UInt64 = 0
    }

    /// Bound of those who wait; above it a wait answers at once.
    private static let maximumWaiters = 100_000
    /// How long a subscription outlives its last waiter.
    private static let linger: Duration = .seconds(10)

    private let connections: RedisConnections
    private let state = Mutex(State())
    private let wanted: AsyncStream<QueueName>
    private let want: AsyncStream<QueueName>.Continuation

    init(_ connections: RedisConnections) {
        self.connections = connections
        (wanted, want) = AsyncStream.makeStream()
    }

    /// Registers before the first look at the state, so that no notice falls between look and wait.
    /// - Returns: `nil` when too many wait already.
    func register(_ id: JobID) -> Waiter? {
        let (waiter, isNew): (Waiter?, Bool) = state.withLock { state in
            guard state.total < Self.maximumWaiters else { return (nil, false) }
            state.last += 1
            state.total += 1
            let waiter = Waiter(id, number: state.last, timing: connections.timing)
            state.waiters[id, default: []].append(waiter)
            state.counts[id.queue, default: 0] += 1
            return (waiter, state.subscribed.insert(id.queue).inserted)
        }
        if isNew { want.yield(id.queue) }
        return waiter
    }

    func remove(_ waiter: Waiter) {
        state.withLock { state in
            guard var others = state.waiters[waiter.id] else { return }
            others.removeAll { $0.number == waiter.number }
            state.waiters[waiter.id] = others.isEmpty ? nil : others
            state.total -= 1
            let count = (state.counts[waiter.id.queue] ?? 1) - 1
            state.counts[waiter.id.queue] = count == 0 ? nil : count
        }
    }

    /// Holds the subscriptions until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await queue in wanted {
                group.addTask { await self.follow(queue) }
            }
            group.cancelAll()
        }
    }

    private func follow(_ queue: QueueName) async {
        let subscriber = connections.makeSubscriber("settled")
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await subscriber.run(channels: [self.connections.keys.settledChannel(queue)]) {
                    // Notices may have been missed: everybody looks again.
                    self.wakeAll(of: queue)
                } _: { _, message in
                    self.wake(queue, message)
                }
            }
            group.addTask {
                var idle = false
                while !Task.isCancelled {
                    await self.connections.timing.pause(Self.linger / 2)
                    if idle && self.endIfUnused(queue) { return }
                    idle = !self.isUsed(queue)
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func isUsed(_ queue: QueueName) -> Bool { state.withLock { $0.counts[queue] != nil } }

    /// Marks the subscription as ended unless somebody waits; whoever registers next starts a new one.
    private func endIfUnused(_ queue: QueueName) -> Bool {
        state.withLock { state in
            guard state.counts[queue] == nil else { return false }
            state.subscribed.remove(queue)
            return true
        }
    }

    private func wakeAll(of queue: QueueName) {
        let waiters = state.withLock { state in
            state.waiters.filter { $0.key.queue == queue }.flatMap(\.value)
        }
        for waiter in waiters { waiter.wake() }
    }

    /// On the event loop. A notice names the jobs of one settle call, separated by spaces.
    private func wake(_ queue: QueueName, _ message: ByteBuffer) {
        guard isUsed(queue) else { return }
        let ids = String(buffer: message).split(separator: " ").compactMap { Keys.job($0, in: queue) }
        let waiters = state.withLock { state in ids.flatMap { state.waiters[$0] ?? [] } }
        for waiter in waiters { waiter.wake() }
    }
}
