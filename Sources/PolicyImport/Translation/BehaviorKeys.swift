import Scaling

/// Turns `behavior` of autoscaling/v2 into the keys of Spate's `behavior`.
///
/// Spate has one percentage and one number of workers on the way up, in one period, whichever is more; and one percentage on
/// the way down.
enum BehaviorKeys {
    static func lines(of behavior: ForeignBehavior, notes: ImportNotes) -> [PolicyLine] {
        tolerance(behavior, notes: notes) + direction(behavior.up, isUp: true, notes: notes)
            + direction(behavior.down, isUp: false, notes: notes)
    }

    private static func tolerance(_ behavior: ForeignBehavior, notes: ImportNotes) -> [PolicyLine] {
        guard let chosen = behavior.up.tolerance ?? behavior.down.tolerance else { return [] }
        let up = behavior.up.tolerance?.value ?? 0.1
        let down = behavior.down.tolerance?.value ?? 0.1
        if up != down, let field = behavior.up.toleranceField ?? behavior.down.toleranceField {
            notes.warn(
                field,
                "\(PlainText.number(up)) on the way up and \(PlainText.number(down)) on the way down; Spate has one"
                    + " tolerance for both, \(PlainText.number(chosen.value))")
        }
        let origins = [behavior.up.tolerance, behavior.down.tolerance].compactMap { $0?.origin }
        return [
            PolicyLine(
                \HPABehavior.tolerance, value: PlainText.number(chosen.value), origin: origins.joined(separator: "; "))
        ]
    }

    private static func direction(
        _ direction: ForeignBehavior.Direction, isUp: Bool, notes: ImportNotes
    ) -> [PolicyLine] {
        var lines: [PolicyLine] = []
        if let window = direction.window {
            let value = "\(window.value)s"
            lines.append(
                isUp
                    ? PolicyLine(\HPABehavior.scaleUpStabilizationWindow, value: value, origin: window.origin)
                    : PolicyLine(\HPABehavior.scaleDownStabilizationWindow, value: value, origin: window.origin))
        }
        if direction.select == .disabled, let field = direction.selectField {
            return lines + disabled(direction, field, isUp: isUp, notes: notes)
        }
        if let field = direction.selectField, direction.select == .max || direction.policies?.count == 1 {
            notes.note(field, "what Spate does: of several policies it takes the one that allows more")
        }
        guard let policies = direction.policies else {
            // The defaults: one policy on the way down, two on the way up.
            if direction.select == .min, isUp, let field = direction.selectField {
                notes.warn(
                    field, "Min of Kubernetes' defaults, 100 % and 4 pods in 15 s; Spate takes the one that allows more"
                )
            }
            return lines
        }
        let percent = best(of: policies.filter { $0.unit == .percent }, direction, notes: notes)
        let pods = best(of: policies.filter { $0.unit == .pods }, direction, notes: notes)
        return lines
            + (isUp
                ? up(percent: percent, pods: pods, direction, notes: notes)
                : down(percent: percent, pods: pods, direction, notes: notes))
    }

    /// A rate of zero in a short period, which allows no change at all.
    private static func disabled(
        _ direction: ForeignBehavior.Direction, _ field: ManifestField, isUp: Bool, notes: ImportNotes
    ) -> [PolicyLine] {
        for policy in direction.policies ?? [] { notes.note(policy.field, "without effect: selectPolicy is Disabled") }
        let origin = field.origin
        return isUp
            ? [
                PolicyLine(\HPABehavior.scaleUpPercent, value: "0", origin: origin),
                PolicyLine(\HPABehavior.scaleUpPods, value: "0", origin: origin),
                PolicyLine(\HPABehavior.scaleUpPeriod, value: "1s", origin: origin),
            ]
            : [
                PolicyLine(\HPABehavior.scaleDownPercent, value: "0", origin: origin),
                PolicyLine(\HPABehavior.scaleDownPeriod, value: "1s", origin: origin),
            ]
    }

    /// The policy of a unit that decides: the fastest for Max, the slowest for Min.
    private static func best(
        of policies: [ForeignBehavior.Rate], _ direction: ForeignBehavior.Direction, notes: ImportNotes
    ) -> ForeignBehavior.Rate? {
        func speed(_ rate: ForeignBehavior.Rate) -> Double { Double(rate.value) / Double(rate.period) }
        let chosen =
            direction.select == .min
            ? policies.min { speed($0) < speed($1) } : policies.max { speed($0) < speed($1) }
        for policy in policies where policy.field.path != chosen?.field.path {
            notes.warn(
                policy.field,
                "Spate has one policy of \(policy.unit.rawValue) for this direction, and that is"
                    + " \(chosen?.field.path ?? "another")")
        }
        return chosen
    }

    private static func up(
        percent: ForeignBehavior.Rate?, pods: ForeignBehavior.Rate?, _ direction: ForeignBehavior.Direction,
        notes: ImportNotes
    ) -> [PolicyLine] {
        var percent = percent
        if direction.select == .min, let slower = percent, let pods {
            if let field = direction.selectField {
                notes.warn(field, "no equivalent; of a percentage and a number the number is kept: \(pods.field.path)")
            }
            notes.warn(slower.field, "selectPolicy Min: Spate takes the policy that allows more, so only Pods is kept")
            percent = nil
        }
        let period = max(percent?.period ?? 0, pods?.period ?? 0)
        guard let first = percent ?? pods else { return [] }
        let mostPods = HPABehavior.bounds(\.scaleUpPods)
        func value(_ rate: ForeignBehavior.Rate?) -> (text: String, origin: String) {
            guard let rate else { return ("0", "not among the policies of \(parent(of: first.field.path))") }
            guard rate.period != period else { return ("\(rate.value)", rate.field.origin) }
            notes.warn(
                rate.field,
                "\(rate.value) in \(rate.period) s; Spate has one period on the way up, so it is as much more in"
                    + " \(period) s")
            let scaled = Double(rate.value) * Double(period) / Double(rate.period)
            let limit = (rate.unit == .pods ? mostPods : HPABehavior.bounds(\.scaleUpPercent)).upperBound
            let text =
                rate.unit == .pods ? "\(Int(min(scaled.rounded(), limit)))" : PlainText.number(min(scaled, limit))
            return (text, rate.field.origin)
        }
        let share = value(percent)
        let count = value(pods.map { capped($0, at: Int(mostPods.upperBound), notes: notes) })
        return [
            PolicyLine(\HPABehavior.scaleUpPercent, value: share.text, origin: share.origin),
            PolicyLine(\HPABehavior.scaleUpPods, value: count.text, origin: count.origin),
            PolicyLine(
                \HPABehavior.scaleUpPeriod, value: "\(period)s",
                origin: (percent?.period == period ? percent : pods)?.field.origin ?? first.field.origin),
        ]
    }

    private static func down(
        percent: ForeignBehavior.Rate?, pods: ForeignBehavior.Rate?, _ direction: ForeignBehavior.Direction,
        notes: ImportNotes
    ) -> [PolicyLine] {
        if let field = direction.selectField, direction.select == .min, direction.policies?.count != 1 {
            notes.warn(field, "no equivalent: Spate has one policy on the way down, the slowest of Percent here")
        }
        if let pods {
            notes.warn(
                pods.field,
                "no equivalent: Spate bounds the way down in percent only"
                    + (percent == nil ? "; the default of 100 % stands" : ""))
        }
        guard let percent else { return [] }
        let share = capped(percent, at: Int(HPABehavior.bounds(\.scaleDownPercent).upperBound), notes: notes)
        return [
            PolicyLine(\HPABehavior.scaleDownPercent, value: "\(share.value)", origin: share.field.origin),
            PolicyLine(\HPABehavior.scaleDownPeriod, value: "\(share.period)s", origin: share.field.origin),
        ]
    }

    private static func capped(
        _ rate: ForeignBehavior.Rate, at limit: Int, notes: ImportNotes
    ) -> ForeignBehavior.Rate {
        guard rate.value > limit else { return rate }
        notes.warn(rate.field, "\(rate.value) is above \(limit), which Spate allows; \(limit) is nearest")
        var rate = rate
        rate.value = limit
        return rate
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "[").map { String(path[..<$0]) } ?? path
    }
}
