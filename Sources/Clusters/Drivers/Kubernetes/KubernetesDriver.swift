package import Logging
import Observability
package import ScalerCore
import Synchronization
import Time

/// Workers as the pods of a Deployment or StatefulSet for each pool; Kubernetes starts and ends them.
///
/// A count is set by PATCH of the `scale` subresource; a watch on the pods tells starts and ends. Before a scale-in the
/// idle pods get a low `pod-deletion-cost`, so that Kubernetes ends them first; who is ended gets SIGTERM and drains
/// within the pod's termination grace. A scaler that ends leaves the pods alone.
///
/// Never let a HorizontalPodAutoscaler or KEDA act on the same object: both would set the count.
package final class KubernetesDriver: PoolDriver {
    package let ordering = WorkerOrdering.byCount
    package let events: AsyncStream<WorkerEvent>

    let client: KubernetesClient
    let pools: [String: KubernetesPool]
    let clock: any Clock<Duration>
    let logger: Logger
    let state = Mutex(State())
    /// Not bounded by itself: two events for each worker, and pools bound the workers.
    let report: AsyncStream<WorkerEvent>.Continuation

    struct State: Sendable {
        var ledgers: [String: PodLedger] = [:]
        /// Why a pool cannot be looked at, by pool.
        var problems: [String: String] = [:]
    }

    /// - Parameters:
    ///   - pools: what Kubernetes calls each pool, by the pool's name.
    package init(
        client: KubernetesClient, pools: [String: KubernetesPool], clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.client = client
        self.pools = pools
        self.clock = clock
        self.logger = logger
        (events, report) = AsyncStream.makeStream(of: WorkerEvent.self, bufferingPolicy: .unbounded)
    }

    deinit { report.finish() }

    package func unavailability(of pool: PoolPlace) -> Unavailability? {
        guard pools[pool.name] != nil else {
            return Unavailability("pool \(pool.name) does not say which Deployment its workers are", .untilRestart)
        }
        return state.withLock { $0.problems[pool.name] }.map { Unavailability($0, .passing) }
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            for (name, pool) in pools { group.addTask { await self.follow(name, pool) } }
        }
    }

    // MARK: Count

    /// Attempts after another author's change.
    private static let attempts = 5

    package func scale(
        _ pool: PoolPlace, to count: Int, idle: [String], authority: @escaping @Sendable () -> Duration?
    ) async throws(WorkerDriverError) -> CountChange {
        guard let target = pools[pool.name] else {
            throw WorkerDriverError(.unavailable, unavailability(of: pool)?.reason ?? "pool \(pool.name) is not known")
        }
        do {
            return try await scale(
                target, of: pool.name, to: max(count, 0), idle: idle,
                during: OrderTime(authority, on: clock))
        } catch {
            let code: WorkerDriverError.Code =
                switch error.code {
                case .unreachable, .notFound, .forbidden: .unavailable
                case .deposed: .deposed
                case .unauthorized, .conflict, .gone, .refused: .startFailed
                }
            throw WorkerDriverError(
                code,
                "pool \(pool.name) cannot be set to \(count) workers: \(error.message)\(Self.advice(error, target))")
        }
    }

    private func scale(
        _ target: KubernetesPool, of pool: String, to count: Int, idle: [String], during time: OrderTime
    ) async throws(KubernetesError) -> CountChange {
        var generator = SystemRandomNumberGenerator()
        var pause = Backoff(first: .milliseconds(20), longest: .milliseconds(200))
        var conflict: KubernetesError?
        for _ in 0..<Self.attempts {
            let scale = try await client.get(
                KubernetesValues.Scale.self, scalePath(target), within: try time.remaining())
            let current = scale.spec?.replicas ?? 0
            let plan = state.withLock { state in
                state.ledgers[pool, default: PodLedger()].plan(
                    from: current, to: count, naming: idle, isFollowed: state.problems[pool] == nil)
            }
            let change = CountChange(before: current, now: plan.count)
            if plan.count == current { return change }
            if plan.count < current { try await mark(plan.leaving, in: pool, during: time) }
            // Not what was true before the answer came: another leader's count would carry the version that was read.
            conflict = try await set(
                plan.count, target, version: scale.metadata?.resourceVersion, within: try time.remaining())
            if conflict == nil { return change }
            // The only error is the cancellation; then the next call fails.
            try? await clock.sleep(for: pause.failed(using: &generator), tolerance: nil)
        }
        throw conflict ?? KubernetesError(.conflict, "somebody else changes \(target.description) all the time")
    }

    /// - Returns: the refusal when somebody changed the count since it was read.
    private func set(
        _ count: Int, _ target: KubernetesPool, version: String?, within limit: Duration
    ) async throws(KubernetesError) -> KubernetesError? {
        let patch = KubernetesValues.ScalePatch(
            metadata: .init(resourceVersion: version), spec: .init(replicas: count))
        do {
            let _: KubernetesValues.Scale = try await client.patch(scalePath(target), patch, within: limit)
            return nil
        } catch  where error.code == .conflict {
            return error
        }
    }

    func scalePath(_ target: KubernetesPool) -> String {
        client.path("/apis/apps/v1", "\(target.kind.rawValue)/\(target.name)/scale")
    }

    static func advice(_ error: KubernetesError, _ target: KubernetesPool) -> String {
        switch error.code {
        case .notFound: "; is \(target.description) deployed in this namespace?"
        case .forbidden: "; the service account needs get and patch on \(target.kind.rawValue)/scale"
        default: ""
        }
    }

    // MARK: Who leaves

    /// Lowest first; pods without the annotation have 0. Source: Kubernetes, ReplicaSet, "Pod deletion cost".
    private static let cheap = "-100"

    /// Makes Kubernetes prefer these pods, and no others, when it ends some. Best effort: so is the annotation.
    private func mark(
        _ leaving: [String], in pool: String, during time: OrderTime
    ) async throws(KubernetesError) {
        _ = try time.remaining()
        let ledger = state.withLock { $0.ledgers[pool] ?? PodLedger() }
        let wanted = Set(leaving)
        var costs: [String: String?] = [:]
        for (name, pod) in ledger.pods {
            if wanted.contains(name) {
                if pod.deletionCost != Self.cheap { costs[name] = Self.cheap }
            } else if pod.deletionCost == Self.cheap {
                costs[name] = .some(nil)
            }
        }
        let failures = await annotate(costs, during: time)
        guard let first = failures.first else { return }
        logger.warning(
            "Some idle pods were not marked to leave first",
            metadata: [LogKeys.pool: "\(pool)", LogKeys.batchSize: "\(failures.count)", LogKeys.reason: "\(first)"])
    }

    private func annotate(_ costs: [String: String?], during time: OrderTime) async -> [KubernetesError] {
        await withTaskGroup(of: KubernetesError?.self) { group in
            var failures: [KubernetesError] = []
            var rest = Array(costs)[...]
            // A few at a time: the server's fair share is for everybody.
            for (pod, cost) in rest.prefix(16) { group.addTask { await self.annotate(pod, cost, during: time) } }
            rest = rest.dropFirst(16)
            while let failure = await group.next() {
                if let failure { failures.append(failure) }
                if let (pod, cost) = rest.popFirst() { group.addTask { await self.annotate(pod, cost, during: time) } }
            }
            return failures
        }
    }

    private func annotate(_ pod: String, _ cost: String?, during time: OrderTime) async -> KubernetesError? {
        do {
            let _: KubernetesValues.Pod = try await client.patch(
                client.path("/api/v1", "pods/\(pod)"),
                KubernetesValues.AnnotationPatch([PodLedger.deletionCost: cost]), within: try time.remaining())
            return nil
        } catch {
            // It has left by itself.
            return error.code == .notFound ? nil : error
        }
    }

    package func kill(_ worker: String) async {
        let pod = state.withLock { state in
            state.ledgers.values.lazy.compactMap { ledger in
                ledger.pod(of: worker).flatMap { ledger.pods[$0] }
            }.first
        }
        guard let pod else { return }
        do {
            try await client.delete(
                client.path("/api/v1", "pods/\(pod.name)"),
                KubernetesValues.DeleteOptions(gracePeriodSeconds: 0, preconditions: .init(uid: pod.uid)),
                within: OrderTime.limit)
        } catch  where error.code == .notFound || error.code == .conflict {
            // It is gone, or another pod has its name.
        } catch {
            logger.error(
                "A pod was not deleted", metadata: [LogKeys.workerID: "\(worker)", LogKeys.reason: "\(error)"])
        }
    }
}
