import Scaling
import Time

/// Puts a foreign policy into the keys of Spate's own algorithm.
struct NativePolicy {
    let jobTime: Duration?
    let notes: ImportNotes

    /// Keys of `scaler`.
    func scaler(_ policy: ForeignPolicy) -> [PolicyLine] {
        var lines = [PolicyLine(key: "algorithm", value: "spate", origin: origin(policy))]
        switch policy.measure {
        case .lag(let lag):
            lines.append(wait(of: lag.count))
            drop(lag.activation, .note, "Spate wakes a pool at zero at once, at the first job")
            drop(lag.polling, .note, "Spate looks every 250 ms, and at once when a job comes to an idle pool")
        case .jobs(let jobs):
            lines.append(wait(of: jobs))
        case .other(let other):
            if let polling = other.polling {
                drop(polling, .note, "Spate looks every 250 ms, and at once when a job comes to an idle pool")
            }
        case .utilization(let share):
            let least = Policy.bounds(\.targetUtilization).lowerBound
            let nearest = max(share.value, least)
            if nearest != share.value {
                drop(share, .warning, "below \(PlainText.number(least)), which Spate allows; that is nearest")
            }
            lines.append(
                PolicyLine(\Policy.targetUtilization, value: PlainText.number(nearest), origin: share.origin))
        }
        if let window = window(policy) { lines.append(window) }
        behavior(policy.behavior)
        return lines
    }

    private func origin(_ policy: ForeignPolicy) -> String {
        if case .other = policy.measure { return "nothing that the manifest follows is measured here" }
        return "--native"
    }

    /// Keys of the pool: the rates that are numbers of workers.
    static func rates(_ policy: ForeignPolicy) -> [PolicyLine] {
        [("scale_out_rate", policy.behavior?.up), ("scale_in_rate", policy.behavior?.down)].compactMap {
            key, direction in
            guard let rate = direction.flatMap(rate) else { return nil }
            return PolicyLine(
                key: key, value: "{workers: \(rate.value), per: \(rate.period)s}", origin: rate.field.origin)
        }
    }

    private static func rate(_ direction: ForeignBehavior.Direction) -> ForeignBehavior.Rate? {
        guard direction.select != .disabled, let policies = direction.policies, policies.count == 1,
            let rate = policies.first, rate.unit == .pods, (1...10_000).contains(rate.value)
        else { return nil }
        return rate
    }

    /// So many jobs a worker wait for as long as they take.
    private func wait(of count: Sourced<Double>) -> PolicyLine {
        let jobs = PlainText.number(count.value)
        guard let jobTime else {
            drop(
                count, .warning,
                "\(jobs) jobs a worker are a wait of \(jobs) x the time of one job, which is not known; --job-time tells it."
                    + " The default of 1 s stands")
            return PolicyLine(\Policy.targetWait, value: "1s", origin: "Spate's default; \(count.origin)")
        }
        let time = jobTime.seconds
        let bounds = Policy.bounds(\.targetWait)
        let wait = min(max(count.value * time, bounds.lowerBound), bounds.upperBound)
        if wait != count.value * time {
            drop(count, .warning, "Spate allows 1 ms to 1 h; that is nearest")
        }
        return PolicyLine(
            \Policy.targetWait, value: PlainText.duration(wait),
            origin: "\(jobs) jobs a worker x \(PlainText.duration(time)) a job; \(count.origin)")
    }

    /// The way down: the window of `behavior` between many and one, else the cool-down that is given.
    private func window(_ policy: ForeignPolicy) -> PolicyLine? {
        var cooldown: Sourced<Int>?
        switch policy.measure {
        case .lag(let lag): cooldown = lag.cooldown.line == nil ? nil : lag.cooldown
        case .other(let other): cooldown = other.cooldown
        case .utilization, .jobs: break
        }
        guard let chosen = policy.behavior?.down.window ?? cooldown else { return nil }
        if let cooldown, cooldown != chosen {
            drop(
                cooldown, .warning,
                "Spate has one window for the way down, also to zero: \(chosen.value) s, of \(chosen.origin)")
        }
        return PolicyLine(\Policy.scaleInWindow, value: "\(chosen.value)s", origin: chosen.origin)
    }

    private func behavior(_ behavior: ForeignBehavior?) {
        guard let behavior else { return }
        for direction in [behavior.up, behavior.down] {
            if let field = direction.toleranceField {
                notes.note(field, "Spate has no tolerance; a rise of the rate must be seen twice")
            }
            if let field = direction.selectField, direction.select != .disabled, Self.rate(direction) != nil {
                notes.note(field, "without effect: there is one policy")
            } else if let field = direction.selectField {
                notes.warn(field, "no equivalent: Spate bounds a direction by one number of workers at most")
            }
            let used = Self.rate(direction)
            for policy in direction.policies ?? [] where policy.field.path != used?.field.path {
                notes.warn(
                    policy.field, "no equivalent: Spate bounds a direction by one number of workers, or not at all")
            }
        }
        if let window = behavior.up.window {
            drop(window, window.value == 0 ? .note : .warning, "Spate does not wait on the way up")
        }
    }

    /// A note for a value of the manifest that has no key; none for a default of the other autoscaler.
    private func drop<Value>(_ value: Sourced<Value>, _ severity: ImportedPolicy.Severity, _ why: String) {
        if let line = value.line { notes.add(severity, line: line, value.path, why) }
    }
}
