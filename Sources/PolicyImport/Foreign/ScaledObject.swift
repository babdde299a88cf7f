/// Reads the spec of a KEDA ScaledObject.
///
/// - Source: KEDA `scaledobject_types.go`; defaults of `scale_scaledobjects.go`: 0 to 100 replicas, 30 s, 300 s.
enum ScaledObject {
    static func policy(
        of spec: ManifestMapping, object: ManifestObject, notes: ImportNotes
    ) throws(ImportError) -> ForeignPolicy {
        var spec = spec
        let workload = ForeignPolicy.workload(&spec, notes: notes)
        let counts = 0...10_000
        let minimum = spec.take("minReplicaCount")?.integer(in: counts, default: "0", notes: notes)
        let maximum = spec.take("maxReplicaCount")?.integer(in: counts, default: "100", notes: notes)
        let polling = spec.take("pollingInterval")?.integer(in: 1...86_400, default: "30", notes: notes)
        let cooldown = spec.take("cooldownPeriod")?.integer(in: 0...86_400, default: "300", notes: notes)
        idle(&spec, minimum: minimum?.value ?? 0, notes: notes)
        let fallback = spec.take("fallback").flatMap { Self.fallback($0, notes: notes) }
        let behavior = spec.take("advanced").flatMap { advanced($0, notes: notes) }
        var triggers = Triggers(polling: polling, cooldown: cooldown, notes: notes)
        let list = spec.take("triggers")
        for field in list?.items(notes: notes) ?? [] { triggers.read(field) }
        notes.rest(of: spec, "not translated: no key of a ScaledObject that Spate knows")
        guard let measure = triggers.measure ?? triggers.other else {
            throw triggers.rejection(of: object, at: list)
        }
        if case .other(let other) = measure, !other.measures.isEmpty, let list {
            notes.warn(
                list,
                "none of these has an equivalent; limits and behaviour are kept. Say what must hold instead: `deadline` in the"
                    + " model's model.yaml, or scaler.target_wait")
        }
        var policy = ForeignPolicy(
            minimum: minimum ?? Sourced(0, default: "KEDA's default for minReplicaCount"),
            maximum: maximum ?? Sourced(100, default: "KEDA's default for maxReplicaCount"), measure: measure,
            workload: workload)
        policy.fallback = fallback
        policy.behavior = behavior
        policy.events = triggers.events
        if case .utilization = measure { triggers.noteUnusedTimes() }
        return policy
    }

    private static func idle(_ spec: inout ManifestMapping, minimum: Int, notes: ImportNotes) {
        if let field = spec.take("idleReplicaCount") {
            if minimum > 0 {
                notes.warn(
                    field,
                    "KEDA goes to \(PlainText.line(field.text ?? "it")) when idle although minReplicaCount is \(minimum); minimum_workers"
                        + " holds when idle, too. With minimum_workers: 0 the pool goes to zero, and comes back with 1")
            } else {
                notes.note(field, "minimum_workers: 0 says it already")
            }
        }
        if let field = spec.take("initialCooldownPeriod") {
            notes.warn(field, "no equivalent: the cool-down begins with the scaler's first look")
        }
    }

    /// - Source: KEDA `fallback.go`.
    private static func fallback(_ field: ManifestField, notes: ImportNotes) -> Sourced<String>? {
        guard var mapping = field.mapping(notes: notes) else { return nil }
        let replicas = mapping.take("replicas")?.integer(in: 0...10_000, default: "hold", notes: notes)
        let behavior = mapping.take("behavior")
        if let threshold = mapping.take("failureThreshold") {
            notes.note(
                threshold,
                "Spate counts no failures: it falls back when what it knows is older than 2 s or three intervals")
        }
        notes.rest(of: mapping, "not translated: no key of fallback that Spate knows")
        let count = replicas?.map { String($0) }
        switch behavior?.text ?? "static" {
        case "currentReplicasIfHigher": return count
        case "currentReplicas":
            return Sourced("hold", from: behavior ?? field)
        case "currentReplicasIfLower":
            notes.warn(
                field,
                "KEDA takes the lower of current and given replicas; Spate drains nothing while it knows nothing, so it holds"
            )
            return Sourced("hold", from: behavior ?? field)
        case let other:
            if other != "static", let behavior {
                notes.warn(behavior, "\(behavior.shown) is not known; static stands instead")
            }
            notes.warn(
                field, "KEDA sets exactly so many replicas; Spate keeps at least so many and drains none meanwhile")
            return count
        }
    }

    private static func advanced(_ field: ManifestField, notes: ImportNotes) -> ForeignBehavior? {
        guard var mapping = field.mapping(notes: notes) else { return nil }
        if let field = mapping.take("restoreToOriginalReplicaCount") {
            notes.note(field, "about deleting the ScaledObject, which Spate does not have")
        }
        if let field = mapping.take("scalingModifiers") {
            notes.warn(
                field,
                "no equivalent: Spate computes nothing from several triggers. The trigger is translated as if this were not there"
            )
        }
        var behavior: ForeignBehavior?
        if let field = mapping.take("horizontalPodAutoscalerConfig"), var config = field.mapping(notes: notes) {
            if let name = config.take("name") { notes.note(name, "no HPA is made, so none is named") }
            behavior = config.take("behavior").map { ForeignBehavior($0, notes: notes) }
            notes.rest(of: config, "not translated: no key of horizontalPodAutoscalerConfig that Spate knows")
        }
        notes.rest(of: mapping, "not translated: no key of advanced that Spate knows")
        return behavior
    }
}
