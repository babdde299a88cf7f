import Scaling

/// Writes a foreign policy as sections of the cluster file.
struct PolicyText {
    let title: String
    let line: Int
    let options: ImportOptions

    func yaml(of policy: ForeignPolicy, notes: ImportNotes) -> String {
        var lines = [
            "# Translated by `spate import` from \(title), line \(line). Sections of the cluster file: put them in the place of its",
            "# `pools` and `scaler`, keep the rest, and run `spate check`.",
        ]
        lines += pools(policy)
        lines.append("scaler:")
        if let fallback = policy.fallback {
            lines.append(
                Self.text(PolicyLine(key: "fallback", value: fallback.value, origin: fallback.origin), indent: 2))
        }
        switch options.target {
        case .sameAlgorithm where isNative(policy):
            lines += NativePolicy(jobTime: nil, notes: notes).scaler(policy).map { Self.text($0, indent: 2) }
        case .sameAlgorithm: lines += same(policy, notes: notes)
        case .native(let jobTime):
            lines += NativePolicy(jobTime: jobTime, notes: notes).scaler(policy).map { Self.text($0, indent: 2) }
        }
        lines += unmeasured(policy) + calendar(policy)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether Spate's own algorithm decides: as asked for, or since the other one has nothing here to follow.
    private func isNative(_ policy: ForeignPolicy) -> Bool {
        if case .other = policy.measure { return true }
        if case .native = options.target { return true }
        return false
    }

    /// What to set in the place of what cannot be measured.
    private func unmeasured(_ policy: ForeignPolicy) -> [String] {
        guard case .other(let other) = policy.measure, !other.measures.isEmpty else { return [] }
        return other.measures.map { "  # not measured here: \($0)" } + [
            "  # Set what must hold instead: `deadline` in the model's model.yaml, or how long a job may wait:",
            "  # target_wait: 1s",
        ]
    }

    private func pools(_ policy: ForeignPolicy) -> [String] {
        var lines = [
            PolicyLine(key: "minimum_workers", value: "\(policy.minimum.value)", origin: policy.minimum.origin),
            PolicyLine(key: "maximum_workers", value: "\(policy.maximum.value)", origin: policy.maximum.origin),
        ]
        if let paused = policy.paused {
            lines.append(PolicyLine(key: "paused", value: "\(paused.value)", origin: paused.origin))
        }
        if isNative(policy) { lines += NativePolicy.rates(policy) }
        var text = ["pools:", "  - name: \(options.pool)"] + lines.map { Self.text($0, indent: 4) }
        if let workload = policy.workload {
            text.append("    # driver: kubernetes  # \(workload.origin)")
            text.append("    # kubernetes: {workload: \(workload.value)}")
        }
        return text
    }

    private func same(_ policy: ForeignPolicy, notes: ImportNotes) -> [String] {
        var parameters: [PolicyLine] = []
        var name = HPA.name
        switch policy.measure {
        case .lag(let lag):
            name = KEDALag.name
            parameters = [
                PolicyLine(\KEDALag.lagCount, value: PlainText.number(lag.count.value), origin: lag.count.origin),
                PolicyLine(
                    \KEDALag.activationLagCount, value: PlainText.number(lag.activation.value),
                    origin: lag.activation.origin),
                PolicyLine(\KEDALag.pollingInterval, value: "\(lag.polling.value)s", origin: lag.polling.origin),
                PolicyLine(\KEDALag.cooldownPeriod, value: "\(lag.cooldown.value)s", origin: lag.cooldown.origin),
            ]
        case .utilization(let share):
            parameters = [
                PolicyLine(\HPA.metric, value: HPA.Metric.utilization.rawValue, origin: share.origin),
                PolicyLine(\HPA.target, value: PlainText.number(share.value), origin: share.origin),
            ]
        case .other: return []
        case .jobs(let jobs):
            parameters = [
                PolicyLine(\HPA.metric, value: HPA.Metric.jobs.rawValue, origin: jobs.origin),
                PolicyLine(\HPA.target, value: PlainText.number(jobs.value), origin: jobs.origin),
            ]
        }
        var lines = ["  algorithm: \(name)", "  \(name):"] + parameters.map { Self.text($0, indent: 4) }
        let behavior = policy.behavior.map { BehaviorKeys.lines(of: $0, notes: notes) } ?? []
        if !behavior.isEmpty { lines += ["    \(HPA.behaviorSection):"] + behavior.map { Self.text($0, indent: 6) } }
        return lines
    }

    private func calendar(_ policy: ForeignPolicy) -> [String] {
        guard !policy.events.isEmpty else { return [] }
        return ["  # calendar:  # read by the algorithm spate only; put a number in the place of N and uncomment"]
            + policy.events.map { "  #   - \"\($0.text)\"  # \($0.origin); \($0.hint)" }
    }

    private static func text(_ line: PolicyLine, indent: Int) -> String {
        "\(String(repeating: " ", count: indent))\(line.key): \(line.value)  # \(line.origin)"
    }
}
