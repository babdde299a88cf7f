package import Jobs
package import Logging
import Observability
import Synchronization
package import Time

/// Leadership by a Lease of Kubernetes, whose terms get their epochs from Redis, so that Redis can refuse old ones.
///
/// A Redis that was restarted empty, or failed over, refuses a term that it does not know. So the term is registered again
/// every two seconds while the Lease is held, and gets a greater epoch where it was forgotten; whoever does not lead looks
/// at the newest epoch meanwhile, so that its own will be above it.
package final class KubernetesLeadership: Leadership {
    private struct State {
        /// The tenure that Redis knows, or knew, and its epoch.
        var registered: (tenure: LeaseTenure, epoch: Int64)?
        /// Another term has registered after it.
        var isOvertaken = false
        /// The greatest epoch that was seen.
        var newest: Int64 = 0
        var listeners: [AsyncStream<LeadershipTerm?>.Continuation] = []
    }

    private static let interval = Duration.seconds(2)

    private let election: LeaseElection
    private let registry: any TermRegistry
    private let time: any TimeSource
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - registry: gives the terms their epochs.
    ///   - time: a monotonic clock of this machine, for `LeadershipTerm.ends`.
    ///   - clock: what is waited by.
    package init(
        _ election: LeaseElection, registry: any TermRegistry, time: any TimeSource, clock: any Clock<Duration>,
        logger: Logger
    ) {
        self.election = election
        self.registry = registry
        self.time = time
        self.clock = clock
        self.logger = logger
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.election.run() }
            group.addTask { await self.keepRegistered() }
            for await tenure in election.tenures() {
                if let tenure { await register(tenure) } else { state.withLock { $0.registered = nil } }
                tell()
            }
        }
        let listeners = state.withLock { $0.listeners }
        for listener in listeners { listener.finish() }
    }

    package func term() -> LeadershipTerm? {
        guard let tenure = election.tenure() else { return nil }
        let epoch = state.withLock { state -> Int64? in
            guard let registered = state.registered, registered.tenure.isSame(as: tenure), !state.isOvertaken else {
                return nil
            }
            return registered.epoch
        }
        return epoch.map { LeadershipTerm(epoch: $0, holder: tenure.holder, ends: time.now() + tenure.remaining) }
    }

    package func remaining() -> Duration? { term() == nil ? nil : election.tenure()?.remaining }

    package func terms() -> AsyncStream<LeadershipTerm?> {
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
    private func register(_ tenure: LeaseTenure) async {
        while !Task.isCancelled, let current = election.tenure(), current.isSame(as: tenure) {
            do {
                let epoch = try await registry.register(
                    authority: tenure.authority, term: Int64(tenure.transitions), holder: tenure.holder,
                    newestEpoch: state.withLock { $0.newest }, own: nil)
                state.withLock { state in
                    state.registered = epoch.map { (tenure, $0) }
                    state.isOvertaken = false
                    state.newest = max(state.newest, epoch ?? 0)
                }
                return
            } catch {
                logger.warning(
                    "The Lease is held, and Redis does not know it yet", metadata: [LogKeys.reason: "\(error)"])
            }
            // Cancellation ends the sleep, and then the loop.
            try? await clock.sleep(for: .seconds(1), tolerance: nil)
        }
    }

    private func keepRegistered() async {
        while !Task.isCancelled {
            // Cancellation ends the sleep, and then the loop.
            try? await clock.sleep(for: Self.interval, tolerance: nil)
            let registered = state.withLock { $0.registered }
            do {
                if let registered {
                    try await renew(registered.tenure, registered.epoch)
                } else {
                    let newest = try await registry.newestEpoch()
                    state.withLock { $0.newest = max($0.newest, newest) }
                }
            } catch {
                // Said by the connection, and by whoever cannot write; tried again.
                logger.debug("The epoch was not looked at", metadata: [LogKeys.reason: "\(error)"])
            }
        }
    }

    private func renew(_ tenure: LeaseTenure, _ epoch: Int64) async throws(QueueError) {
        guard let current = election.tenure(), current.isSame(as: tenure) else { return }
        let found = try await registry.register(
            authority: tenure.authority, term: Int64(tenure.transitions), holder: tenure.holder,
            newestEpoch: state.withLock { $0.newest }, own: epoch)
        let isChanged = state.withLock { state -> Bool in
            // Another tenure may have begun meanwhile.
            guard let registered = state.registered, registered.tenure.isSame(as: tenure) else { return false }
            let before = state.isOvertaken ? nil : registered.epoch
            state.isOvertaken = found == nil
            state.registered = (tenure, found ?? registered.epoch)
            state.newest = max(state.newest, found ?? 0)
            return before != found
        }
        guard isChanged else { return }
        if let found {
            logger.warning("Redis did not know who leads; it does again", metadata: [LogKeys.leaseEpoch: "\(found)"])
        } else {
            logger.warning("This scaler holds the Lease, and another has registered in Redis after it")
        }
        tell()
    }
}
