/// Reads the spec of a HorizontalPodAutoscaler of autoscaling/v2.
///
/// - Source: Kubernetes `autoscaling/v2/types.go`; defaults: one replica, cpu at 80 %.
enum PodAutoscaler {
    static func policy(
        of spec: ManifestMapping, object: ManifestObject, notes: ImportNotes
    ) throws(ImportError) -> ForeignPolicy {
        var spec = spec
        let workload = ForeignPolicy.workload(&spec, notes: notes)
        let minimum = spec.take("minReplicas")?.integer(in: 0...10_000, default: "1", notes: notes)
        guard let maximum = spec.take("maxReplicas")?.integer(in: 0...10_000, default: "nothing", notes: notes) else {
            throw ImportError(
                line: object.line, column: 1, message: "\(object.title) has no maxReplicas, which it needs")
        }
        let behavior = spec.take("behavior").map { ForeignBehavior($0, notes: notes) }
        let list = spec.take("metrics")
        notes.rest(of: spec, "not translated: no key of a HorizontalPodAutoscaler that Spate knows")
        var measure: ForeignPolicy.Measure?
        var chosen = ""
        for field in list?.items(notes: notes) ?? [] {
            if measure != nil {
                notes.warn(
                    field, "Kubernetes takes the highest of all metrics; Spate follows one, and that is \(chosen)")
            } else if let found = Self.measure(field, notes: notes) {
                measure = found
                chosen = field.path
            }
        }
        if list == nil {
            measure = .utilization(Sourced(0.8, default: "Kubernetes' default: cpu at 80 %"))
        }
        let asked = (list?.items(notes: notes) ?? []).map { "a metric (\($0.origin))" }
        if measure == nil, let list {
            notes.warn(
                list,
                "none of these has an equivalent; limits and behaviour are kept. Say what must hold instead: `deadline` in the"
                    + " model's model.yaml, or scaler.target_wait")
        }
        var policy = ForeignPolicy(
            minimum: minimum ?? Sourced(1, default: "Kubernetes' default for minReplicas"), maximum: maximum,
            measure: measure ?? .other(ForeignPolicy.Unmeasured(measures: asked)),
            workload: workload)
        policy.behavior = behavior
        return policy
    }

    private static func measure(_ field: ManifestField, notes: ImportNotes) -> ForeignPolicy.Measure? {
        guard var metric = field.mapping(notes: notes) else { return nil }
        let type = PlainText.line(metric.take("type")?.text ?? "?")
        let key = type.prefix(1).lowercased() + type.dropFirst()
        let source = metric.take(key)
        notes.rest(of: metric, "not translated: the metric is of the type \(type)")
        guard let source, var values = source.mapping(notes: notes) else {
            notes.warn(field, "not translated: a metric of the type \(type) without '\(key)'")
            return nil
        }
        guard let field = values.take("target"), var target = field.mapping(notes: notes) else {
            notes.warn(source, "not translated: a metric without a target")
            return nil
        }
        defer { notes.rest(of: target, "not translated: the target is of another type") }
        let kind = target.take("type")?.text ?? "?"
        switch (type, kind) {
        case ("Resource", "Utilization"), ("ContainerResource", "Utilization"):
            let name = values.take("name")?.text ?? "?"
            for field in values.fields {
                notes.note(field, "a worker is one process; its share of time that is busy counts")
            }
            guard name == "cpu", let value = target.take("averageUtilization") else {
                _ = target.take("averageUtilization")
                notes.warn(
                    source,
                    "\(PlainText.line(name)) utilization: no equivalent; a worker's memory does not follow its work")
                return nil
            }
            return share(value, notes: notes).map { .utilization($0) }
        case ("External", "AverageValue"), ("Object", "AverageValue"):
            guard let value = target.take("averageValue"),
                let jobs = value.quantity(in: 0.001...1e6, default: "nothing", notes: notes)
            else { return nil }
            notes.warn(
                value,
                "Kubernetes reads a metric of yours; Spate counts the pool's waiting and running jobs, so the target must be"
                    + " jobs a worker")
            for field in values.fields { notes.note(field, "which metric of yours; Spate counts its own jobs") }
            return .jobs(jobs)
        default:
            _ = target.take(anyOf: ["value", "averageValue", "averageUtilization"])
            let hint =
                type == "Pods"
                ? ". If it counts jobs in a pod, write algorithm: hpa with metric: jobs and this target" : ""
            notes.warn(source, "\(type) with a target of the type \(PlainText.line(kind)): no equivalent\(hint)")
            return nil
        }
    }

    /// A percentage as the share that `hpa.target` is.
    static func share(_ field: ManifestField, notes: ImportNotes) -> Sourced<Double>? {
        guard let text = field.text, let percent = Int(text), percent > 0 else {
            notes.warn(field, "\(field.shown) is no percentage above 0; not translated")
            return nil
        }
        if percent > 100 {
            notes.warn(
                field,
                "\(percent) % of what a pod requests; a worker is busy at most 100 % of the time, so 1 is nearest")
            return Sourced(1, from: field)
        }
        notes.note(
            field,
            "Kubernetes measures processor time against the pod's request; Spate measures the share of time that workers"
                + " hold jobs")
        return Sourced(Double(percent) / 100, from: field)
    }
}
