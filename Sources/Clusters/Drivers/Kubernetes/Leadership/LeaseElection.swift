package import Logging
import Observability
import Synchronization
package import Time

/// Lets one of several scalers act, by a Lease of Kubernetes.
///
/// A Lease is no fence by itself: a leader that is stopped in the middle of a step may go on after another has taken over.
/// So look at `tenure()` right before each step, and send its `transitions` with every write to Redis, which refuses older
/// ones; the count that a PATCH sets carries the version that it was read at, and is set again by the next leader.
///
/// With the defaults another leads 15 to 17 s after a leader died, and within 2.4 s after an orderly end.
package final class LeaseElection: Sendable {
    fileprivate struct State {
        var machine: LeaseMachine
        var uid = ""
        var told: LeaseTenure?
        var listeners: [AsyncStream<LeaseTenure?>.Continuation] = []
    }

    private let client: KubernetesClient
    private let configuration: LeaseConfiguration
    private let elapsed: @Sendable () -> Duration
    private let clock: any Clock<Duration>
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - time: for the times in the lease, which only people read.
    ///   - clock: what the holding is measured and waited by; it must go on while the machine sleeps.
    package init(
        client: KubernetesClient, configuration: LeaseConfiguration, time: any TimeSource,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.client = client
        self.configuration = configuration
        self.time = time
        self.clock = clock
        self.logger = logger
        elapsed = Self.stopwatch(clock)
        state = Mutex(
            State(
                machine: LeaseMachine(
                    identity: configuration.identity, duration: configuration.duration,
                    renewDeadline: configuration.renewDeadline)))
    }

    /// The right to act at this moment; `nil` without one. No I/O.
    package func tenure() -> LeaseTenure? {
        let now = elapsed()
        return state.withLock { $0.tenure(at: now, configuration, client.access.namespace) }
    }

    /// What `tenure` says, now and after each change; a slow reader misses all but the newest.
    package func tenures() -> AsyncStream<LeaseTenure?> {
        let (stream, continuation) = AsyncStream.makeStream(of: LeaseTenure?.self, bufferingPolicy: .bufferingNewest(1))
        let told = state.withLock { state in
            state.listeners.append(continuation)
            return state.told
        }
        continuation.yield(told)
        return stream
    }

    /// Contends for the lease and renews it until the task is cancelled; then gives it back.
    package func run() async {
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            await contend()
            tell()
            await pause(Double.random(in: 1...1.2, using: &generator))
        }
        // Not a child of this task, which is cancelled; bounded by the call's time-out.
        await Task { await self.giveBack() }.value
        tell()
        let listeners = state.withLock { state in
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener.finish() }
    }

    /// Waits for the next look; a holding that ends before it is told when it ends.
    private func pause(_ factor: Double) async {
        let whole = configuration.retryPeriod * factor
        if let remaining = tenure()?.remaining, remaining < whole {
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: remaining, tolerance: nil)
            tell()
        } else {
            // As above.
            try? await clock.sleep(for: whole, tolerance: nil)
        }
    }

    // MARK: One attempt

    private func contend() async {
        let begun = elapsed()
        do {
            let lease = try await read()
            let stamp = stamp()
            let action = state.withLock { $0.machine.see(lease?.record, at: begun, stamp: stamp) }
            try await perform(action, on: lease, begun: begun)
        } catch {
            if error.code == .conflict { state.withLock { $0.machine.noteConflict() } }
            logger.warning("The lease was not renewed; tried again", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    private func perform(
        _ action: LeaseMachine.Action, on lease: LeaseObject?, begun: Duration
    ) async throws(KubernetesError) {
        switch action {
        case .wait: return
        case .create(let record):
            let made: LeaseObject = try await client.create(
                folder, LeaseObject(configuration.name, record), within: patience)
            note(made, record, begun)
        case .replace(let record):
            let made: LeaseObject = try await client.patch(
                path, LeaseObject(configuration.name, record, over: lease), within: patience)
            note(made, record, begun)
        }
    }

    private func note(_ lease: LeaseObject, _ record: LeaseRecord, _ begun: Duration) {
        state.withLock { state in
            state.uid = lease.metadata.uid ?? ""
            state.machine.noteWritten(record, begun: begun)
        }
    }

    private func read() async throws(KubernetesError) -> LeaseObject? {
        do {
            return try await client.get(LeaseObject.self, path, within: patience)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    private func giveBack() async {
        guard tenure() != nil else { return }
        let stamp = stamp()
        do {
            guard let lease = try await read(), lease.record.holder == configuration.identity,
                let record = state.withLock({ $0.machine.released(stamp: stamp) })
            else { return }
            // Before the write: once it is sent, another may lead.
            state.withLock { $0.machine.noteReleased() }
            let _: LeaseObject = try await client.patch(
                path, LeaseObject(configuration.name, record, over: lease), within: patience)
        } catch {
            logger.info("The lease was not given back and runs out", metadata: [LogKeys.reason: "\(error)"])
        }
        state.withLock { $0.machine.noteReleased() }
    }

    // MARK: Parts

    /// A connection that died silently costs one attempt, not the lease: there is time for another.
    private var patience: Duration { configuration.renewDeadline / 3 }

    private var folder: String { client.path("/apis/coordination.k8s.io/v1", "leases") }
    private var path: String { "\(folder)/\(configuration.name)" }

    private func tell() {
        let now = elapsed()
        let change = state.withLock { state -> (LeaseTenure?, [AsyncStream<LeaseTenure?>.Continuation])? in
            let tenure = state.tenure(at: now, configuration, client.access.namespace)
            switch (tenure, state.told) {
            case (nil, nil): return nil
            case (let tenure?, let told?) where tenure.isSame(as: told): return nil
            default: break
            }
            state.told = tenure
            return (tenure, state.listeners)
        }
        guard let (tenure, listeners) = change else { return }
        if let tenure {
            logger.notice("This scaler leads", metadata: [LogKeys.leaseEpoch: "\(tenure.transitions)"])
        } else {
            logger.notice("This scaler does not lead any more")
        }
        for listener in listeners { listener.yield(tenure) }
    }

    private func stamp() -> String { LeaseObject.stamp(time.now()) }

    private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}

extension LeaseElection.State {
    fileprivate func tenure(
        at now: Duration, _ configuration: LeaseConfiguration, _ namespace: String
    ) -> LeaseTenure? {
        guard let holding = machine.current(at: now) else { return nil }
        return LeaseTenure(
            authority: "\(namespace)/\(configuration.name)/\(uid)", transitions: holding.transitions,
            holder: configuration.identity, remaining: holding.renewed + configuration.renewDeadline - now)
    }
}
