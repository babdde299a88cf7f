import ScalerCore

extension PodLedger {
    /// What the count is set to, and which pods are made to leave first.
    struct CountPlan: Sendable, Equatable {
        var count: Int
        var leaving: [String] = []
    }

    /// How far a count may be changed, so that no pod ends but those of workers that are named.
    ///
    /// Somebody else chooses who ends: whatever the count falls by must be pods that are named, or not there at all. A name
    /// whose pod is not known may be a pod that was not listed yet; the count stays higher by one for each.
    ///
    /// | current, there | wanted | named | then |
    /// |---|---|---|---|
    /// | 5, 5 | 3 | two of its pods | 3 |
    /// | 5, 5 | 3 | one of its pods | 4 |
    /// | 5, not listed yet | 3 | two workers | 5 |
    /// | 5, 2: three were refused | 2 | nobody | 2 |
    ///
    /// - Parameters:
    ///   - current: the count that is set.
    ///   - isFollowed: whether the pods are followed without a gap; else only `current` says how many there may be.
    func plan(from current: Int, to count: Int, naming workers: [String], isFollowed: Bool) -> CountPlan {
        guard count < current else { return CountPlan(count: count) }
        let alive = pods.values.filter { !$0.isOver && !$0.isLeaving }
        let byWorker = Dictionary(pods.values.map { (Self.worker($0), $0) }, uniquingKeysWith: { first, _ in first })
        var named: [String] = []
        var strangers = 0
        for worker in workers {
            guard let pod = byWorker[worker] ?? PodWorkerID.firstBoot(of: worker).flatMap({ byWorker[$0] }) else {
                strangers += 1
                continue
            }
            // One that leaves is not counted any more; two boots are one pod.
            if !pod.isOver, !pod.isLeaving, !named.contains(pod.name) { named.append(pod.name) }
        }
        let there = isListed && isFollowed ? min(current, alive.count) : current
        let next = min(current, max(count + strangers, there - named.count))
        return CountPlan(count: next, leaving: Array(named.prefix(current - next)))
    }
}
