import Scaling

/// A change of the policy that would have given another number of workers, found by deciding again.
package struct Counterfactual: Sendable, Equatable, Codable {
    /// In words: `a maximum of 10000`.
    package var change: String
    package var wanted: Int

    package init(change: String, wanted: Int) {
        self.change = change
        self.wanted = wanted
    }

    /// One change at a time, those that change something, in order of their effect.
    package static func all(for pool: String, in replay: Replay) -> [Counterfactual] {
        guard let index = replay.policy.pools.firstIndex(where: { $0.name == pool }) else { return [] }
        let actual = wanted(in: pool, replay.decision())
        return changes(of: replay.policy, at: index).compactMap { change, policy in
            guard let count = wanted(in: pool, replay.decision(under: policy)), count != actual else { return nil }
            return Counterfactual(change: change, wanted: count)
        }.sorted { $0.wanted < $1.wanted }
    }

    private static func wanted(in pool: String, _ decision: Decision) -> Int? {
        decision.pools.first { $0.pool == pool }?.wanted
    }

    private static func changes(of policy: Policy, at index: Int) -> [(String, Policy)] {
        var changes: [(String, Policy)] = []
        func add(_ words: String, _ change: (inout Policy) -> Void) {
            var changed = policy
            change(&changed)
            if changed != policy { changes.append((words, changed)) }
        }
        let pool = policy.pools[index]
        add("a maximum of 10000") { $0.pools[index].maximum = 10_000 }
        add("a minimum of 0") { $0.pools[index].minimum = 0 }
        add("no override") { $0.pools[index].override = nil }
        add("no pause") { $0.pools[index].isPaused = false }
        add("no scale_out_rate") { $0.pools[index].scaleOutLimit = nil }
        add("no scale_in_rate") { $0.pools[index].scaleInLimit = nil }
        add("no budget") { $0.budgetPerHour = nil }
        if policy.algorithm == .spate {
            add("half the target_wait") { $0.targetWait = policy.targetWait / 2 }
            add("twice the target_wait") { $0.targetWait = policy.targetWait * 2 }
            add("a target_utilization of 0.5") { $0.targetUtilization = 0.5 }
            add("a target_utilization of 1") { $0.targetUtilization = 1 }
            add("no scale_in_window") {
                $0.scaleInWindow = .zero
                $0.pools[index].scaleInWindow = pool.scaleInWindow == nil ? nil : .zero
            }
            add("half of each deadline") { policy in
                for model in policy.models.indices { policy.models[model].scaleDeadlines(by: 0.5) }
            }
            add("twice each deadline") { policy in
                for model in policy.models.indices { policy.models[model].scaleDeadlines(by: 2) }
            }
        } else {
            add("the algorithm spate") { $0.algorithm = .spate }
        }
        return changes
    }
}

extension ModelPolicy {
    fileprivate mutating func scaleDeadlines(by factor: Double) {
        deadline = deadline.map { $0 * factor }
        for index in deadlines.indices { deadlines[index].deadline = deadlines[index].deadline * factor }
    }
}
