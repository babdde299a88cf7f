import ScalerCore

/// The pods of one pool and what their states say of workers. A value.
///
/// | pod | worker |
/// |---|---|
/// | seen, not ended | started |
/// | its container terminated, or was restarted since | exited, with the status or signal |
/// | Failed, Succeeded, deleted, gone from the list | exited, with the reason |
///
/// A container that Kubernetes restarts within its pod is a new worker with an id of its own, which its reports tell;
/// see `WorkerIdentity`.
struct PodLedger: Sendable {
    struct Entry: Sendable, Equatable {
        var name: String
        var uid: String
        /// How many boots of its container have ended, as far as they were told.
        var toldEnds: Int
        /// Kubernetes will not run it again.
        var isOver: Bool
        /// Asked to leave by Kubernetes.
        var isLeaving = false
        var deletionCost: String?
        /// Why its container does not run yet.
        var waiting: String?
    }

    enum Change: Sendable, Equatable {
        case started(String)
        case exited(String, reason: String, isFailure: Bool)
    }

    static let deletionCost = "controller.kubernetes.io/pod-deletion-cost"
    /// The container of the manifests; in other pods the first one counts.
    private static let container = "worker"

    /// By pod name.
    private(set) var pods: [String: Entry] = [:]
    /// Whether all pods were seen once; before that a pod that is not known may well be there.
    private(set) var isListed = false

    /// A list, which is the whole truth.
    mutating func replace(with pods: [KubernetesValues.Pod]) -> [Change] {
        isListed = true
        let names = Set(pods.compactMap { $0.metadata?.name })
        let gone = self.pods.keys.filter { !names.contains($0) }.sorted()
        return gone.flatMap { remove($0, last: nil) } + pods.flatMap { note($0) }
    }

    mutating func note(_ pod: KubernetesValues.Pod) -> [Change] {
        guard let name = pod.metadata?.name, let uid = pod.metadata?.uid else { return [] }
        // A stateful set gives the name to a new pod.
        let before = pods[name].map { $0.uid != uid } == true ? remove(name, last: nil) : []
        guard let known = pods[name] else { return before + begin(name, uid, pod) }
        return before + advance(known, pod)
    }

    /// The pod is no more. - Parameter last: its last state, if the server told it.
    mutating func remove(_ name: String, last: KubernetesValues.Pod?) -> [Change] {
        var changes: [Change] = []
        if let last, let known = pods[name], known.uid == last.metadata?.uid { changes = advance(known, last) }
        guard let entry = pods.removeValue(forKey: name), !entry.isOver, entry.toldEnds == 0 else { return changes }
        let reason =
            entry.waiting.map { "its pod was deleted while it waited: \($0)" }
            ?? (entry.isLeaving ? "its pod was deleted" : "its pod is gone")
        return changes + [.exited(Self.worker(entry), reason: reason, isFailure: !entry.isLeaving)]
    }

    /// The pod that a worker of any boot runs in.
    func pod(of worker: String) -> String? {
        pods.values.first { entry in
            let first = Self.worker(entry)
            return worker == first || worker.hasPrefix(first + "_")
        }?.name
    }

    // MARK: One pod

    private mutating func begin(_ name: String, _ uid: String, _ pod: KubernetesValues.Pod) -> [Change] {
        var entry = Entry(name: name, uid: uid, toldEnds: Self.ends(in: pod), isOver: !Self.isAlive(pod))
        Self.copy(pod, into: &entry)
        pods[name] = entry
        // A later boot than the first has an id that only its reports tell.
        return entry.isOver || entry.toldEnds > 0 ? [] : [.started(Self.worker(entry))]
    }

    private mutating func advance(_ known: Entry, _ pod: KubernetesValues.Pod) -> [Change] {
        guard !known.isOver else { return [] }
        var entry = known
        var changes: [Change] = []
        Self.copy(pod, into: &entry)
        let ends = Self.ends(in: pod)
        if ends > entry.toldEnds {
            changes = Self.changes(of: entry, ends: ends, Self.lastEnd(in: pod))
            entry.toldEnds = ends
        }
        if ["Failed", "Succeeded"].contains(pod.status?.phase) {
            let words = [pod.status?.reason, pod.status?.message].compactMap { $0 }.joined(separator: ": ")
            if entry.toldEnds == 0 {
                changes.append(
                    .exited(
                        Self.worker(entry), reason: words.isEmpty ? "its pod ended" : words,
                        isFailure: pod.status?.phase == "Failed"))
            }
            entry.isOver = true
        }
        pods[entry.name] = entry
        return changes
    }

    /// The ends of boots that were not told. Only the last one's circumstances are known, and its id by what it wrote.
    private static func changes(
        of entry: Entry, ends: Int, _ terminated: KubernetesValues.Pod.Terminated?
    ) -> [Change] {
        let first = worker(entry)
        let written = terminated?.message.flatMap { PodWorkerID.id(in: $0, ofBoot: first) }
        let last = written ?? (ends == 1 ? first : nil)
        var changes: [Change] = []
        if entry.toldEnds == 0, last != first {
            changes.append(.exited(first, reason: "its container was restarted", isFailure: true))
        }
        if let last {
            changes.append(
                .exited(
                    last, reason: terminated.map { words($0) } ?? "its container stopped",
                    isFailure: terminated?.exitCode != 0))
        }
        return changes
    }

    // MARK: What a pod says

    /// How many boots of the worker's container have ended. Kubernetes counts a restart when the next one is made, which
    /// may be minutes after the end.
    private static func ends(in pod: KubernetesValues.Pod) -> Int {
        guard let container = worker(in: pod) else { return 0 }
        let restarts = max(container.restartCount ?? 0, 0)
        let hasEnded =
            container.state?.terminated != nil
            || (container.state?.waiting != nil && container.lastState?.terminated != nil)
        return restarts + (hasEnded ? 1 : 0)
    }

    private static func lastEnd(in pod: KubernetesValues.Pod) -> KubernetesValues.Pod.Terminated? {
        let container = worker(in: pod)
        return container?.state?.terminated ?? container?.lastState?.terminated
    }

    private static func copy(_ pod: KubernetesValues.Pod, into entry: inout Entry) {
        entry.isLeaving = pod.metadata?.deletionTimestamp != nil
        entry.deletionCost = pod.metadata?.annotations?[deletionCost]
        entry.waiting = worker(in: pod)?.state?.waiting.map { waiting in
            [waiting.reason, waiting.message].compactMap { $0 }.joined(separator: ": ")
        }
    }

    private static func isAlive(_ pod: KubernetesValues.Pod) -> Bool {
        pod.metadata?.deletionTimestamp == nil && !["Failed", "Succeeded"].contains(pod.status?.phase)
    }

    private static func worker(in pod: KubernetesValues.Pod) -> KubernetesValues.Pod.Container? {
        let all = pod.status?.containerStatuses ?? []
        return all.first { $0.name == container } ?? all.first
    }

    static func worker(_ entry: Entry) -> String { PodWorkerID.first(pod: entry.name, uid: entry.uid) }

    static func words(_ terminated: KubernetesValues.Pod.Terminated) -> String {
        if terminated.reason == "OOMKilled" { return "it used more memory than its pod may and was killed" }
        guard let code = terminated.exitCode else { return terminated.reason ?? "its container stopped" }
        let exit = ProcessExit(shell: code).description
        switch terminated.reason {
        case nil, "Error", "Completed": return exit
        case let reason?: return "\(exit): \(reason)"
        }
    }
}
