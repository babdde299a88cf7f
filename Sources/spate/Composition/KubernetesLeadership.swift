import Clusters
import Jobs
import Logging
import RedisQueue
import Synchronization
import Time

/// Leadership by a Lease of Kubernetes, whose terms get their epochs from Redis, so that Redis can refuse old ones.
final class KubernetesLeadership: Leadership {
    private struct State {
        /// The tenure that Redis knows, and its epoch.
        var registered: (tenure: Clusters.LeaseTenure, epoch: Int64)?
        var listeners: [AsyncStream<LeadershipTerm?>.Continuation] = []
    }

    private let election: LeaseElection
    private let fence: RedisFence
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter time: a monotonic clock of this machine, for `LeadershipTerm.ends`.
    init(_ election: LeaseElection, fence: RedisFence, time: any TimeSource = MonotonicTime(), logger: Logger) {
        self.election = election
        self.fence = fence
        self.time = time
        self.logger = logger
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.election.run() }
            for await tenure in election.tenures() {
                if let tenure { await register(tenure) } else { state.withLock { $0.registered = nil } }
                tell()
            }
        }
        let listeners = state.withLock { $0.listeners }
        for listener in listeners { listener.finish() }
    }

    func term() -> LeadershipTerm? {
        guard let tenure = election.tenure() else { return nil }
        let epoch = state.withLock { state -> Int64? in
            guard let registered = state.registered, registered.tenure.isSame(as: tenure) else { return nil }
            return registered.epoch
        }
        return epoch.map { LeadershipTerm(epoch: $0, holder: tenure.holder, ends: time.now() + tenure.remaining) }
    }

    func remaining() -> Duration? { term() == nil ? nil : election.tenure()?.remaining }

    func terms() -> AsyncStream<LeadershipTerm?> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: LeadershipTerm?.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listeners.append(continuation) }
        continuation.yield(term())
        return stream
    }

    private func tell() {
        let term = term()
        let listeners = state.withLock { $0.listeners }
        for listener in listeners { listener.yield(term) }
    }

    /// Gets the tenure's epoch; while Redis is away it tries every second, as long as the tenure holds.
    private func register(_ tenure: Clusters.LeaseTenure) async {
        while !Task.isCancelled, let current = election.tenure(), current.isSame(as: tenure) {
            do {
                let epoch = try await fence.register(
                    authority: tenure.authority, term: Int64(tenure.transitions), holder: tenure.holder)
                state.withLock { $0.registered = epoch.map { (tenure, $0) } }
                return
            } catch {
                logger.warning("The Lease is held, and Redis does not know it yet", metadata: ["reason": "\(error)"])
            }
            // Cancellation ends the sleep, and then the loop.
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
