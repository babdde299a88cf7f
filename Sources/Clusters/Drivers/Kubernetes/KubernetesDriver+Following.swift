import Logging
import Observability
import ScalerCore
import Synchronization

extension KubernetesDriver {
    /// How long the server keeps a watch open. Source: client-go reflectors take 5 to 10 minutes.
    private static let watchSeconds = 300

    /// Follows the pods of one pool until the task is cancelled.
    func follow(_ name: String, _ pool: KubernetesPool) async {
        var generator = SystemRandomNumberGenerator()
        var watch = WatchState()
        var selector = pool.selector
        while !Task.isCancelled {
            let pause: Duration
            do {
                if selector == nil { selector = try await self.selector(of: pool) }
                pause = try await step(name, selector ?? "", &watch, &generator)
                note(problem: nil, of: name, pool)
            } catch {
                if Task.isCancelled { return }
                pause = watch.noteFailure(using: &generator)
                // Forgotten places are everyday life.
                if error.code == .gone { watch.noteGone() } else { note(problem: error, of: name, pool) }
            }
            // The only error is the cancellation, which the loop looks at.
            if pause > .zero { try? await clock.sleep(for: pause, tolerance: nil) }
        }
    }

    private func selector(of pool: KubernetesPool) async throws(KubernetesError) -> String {
        let scale = try await client.get(KubernetesValues.Scale.self, scalePath(pool))
        guard let selector = scale.status?.selector, !selector.isEmpty else {
            throw KubernetesError(
                .refused(200), "\(pool.description) does not say which pods are its own; set `selector` in the pool")
        }
        return selector
    }

    /// Lists, or watches until the watch ends. - Returns: the pause before the next step.
    private func step(
        _ name: String, _ selector: String, _ watch: inout WatchState, _ generator: inout SystemRandomNumberGenerator
    ) async throws(KubernetesError) -> Duration {
        let path = client.path("/api/v1", "pods")
        let query = [(name: "labelSelector", value: selector)]
        switch watch.next {
        case .list:
            let list = try await client.get(KubernetesValues.PodList.self, path, query: query)
            tell(name) { $0.replace(with: list.items ?? []) }
            watch.noteList(version: list.metadata?.resourceVersion)
            return .zero
        case .watch(let version):
            let lines = try await client.watch(
                path, query: query + [("resourceVersion", version)], seconds: Self.watchSeconds)
            note(problem: nil, of: name)
            var state = watch
            var refusal: KubernetesError?
            do {
                try await lines.forEach { line in
                    refusal = self.read(line, name, &state)
                    return refusal == nil ? .goOn : .stop
                }
            } catch {
                watch = state
                throw KubernetesError(.unreachable, error.description)
            }
            watch = state
            if let refusal { throw refusal }
            return watch.noteEnd(using: &generator)
        }
    }

    /// - Returns: why the watch cannot go on.
    private func read(_ line: [UInt8], _ name: String, _ watch: inout WatchState) -> KubernetesError? {
        guard let event = JSONBody.decode(KubernetesValues.Event.self, from: line), let type = event.type else {
            return KubernetesError(.gone, "a watch sent something that is no event")
        }
        switch type {
        case "ADDED", "MODIFIED": if let pod = event.object { tell(name) { $0.note(pod) } }
        case "DELETED":
            if let pod = event.object, let podName = pod.metadata?.name {
                tell(name) { $0.remove(podName, last: pod) }
            }
        case "BOOKMARK": break
        case "ERROR":
            let status = JSONBody.decode(KubernetesValues.ErrorEvent.self, from: line)?.object
            // Whatever the error: a new list is right after it.
            watch.noteGone()
            return KubernetesError(status: status?.code ?? 410, "watch: \(status?.message ?? "error")")
        // A type that came later than this driver; what it says comes with the next list too.
        default: break
        }
        watch.note(version: event.object?.metadata?.resourceVersion)
        return nil
    }

    private func tell(_ pool: String, _ change: (inout PodLedger) -> [PodLedger.Change]) {
        let changes = state.withLock { change(&$0.ledgers[pool, default: PodLedger()]) }
        for change in changes {
            switch change {
            case .started(let worker): report.yield(.started(worker: worker, pool: pool))
            case .exited(let worker, let reason, let isFailure):
                report.yield(.exited(worker: worker, pool: pool, reason: reason, isFailure: isFailure))
            }
        }
    }

    private func note(problem: KubernetesError?, of name: String, _ pool: KubernetesPool? = nil) {
        let words = problem.map { problem in
            problem.message + (pool.map { Self.advice(problem, $0) } ?? "")
        }
        let before = state.withLock { state in
            defer { state.problems[name] = words }
            return state.problems[name]
        }
        let metadata: Logger.Metadata = [LogKeys.pool: "\(name)", LogKeys.reason: "\(words ?? before ?? "")"]
        switch (before, words) {
        case (nil, _?): logger.error("The pods of a pool cannot be followed; tried again", metadata: metadata)
        case (_?, nil): logger.info("The pods of a pool are followed again", metadata: metadata)
        default: break
        }
    }
}
