/// What a manifest asks for, before it is put into Spate's words.
struct ForeignPolicy {
    /// What the count of workers follows.
    enum Measure {
        /// KEDA's lag: waiting jobs a worker, with the loop between zero and one.
        case lag(Lag)
        /// The share of time that workers are busy, 0 to 1.
        case utilization(Sourced<Double>)
        /// Jobs in the system a worker.
        case jobs(Sourced<Double>)
        /// Nothing that Spate measures; limits and behaviour hold all the same.
        case other(Unmeasured)
    }

    struct Lag {
        var count: Sourced<Double>
        var activation: Sourced<Double>
        /// Seconds.
        var polling: Sourced<Int>
        /// Seconds.
        var cooldown: Sourced<Int>
    }

    /// What a manifest follows that has no equivalent.
    struct Unmeasured {
        /// As `prometheus (spec.triggers[0], line 5): threshold 100`; empty where only times of the week are given.
        var measures: [String]
        /// Seconds; of KEDA.
        var polling: Sourced<Int>?
        var cooldown: Sourced<Int>?
    }

    /// A trigger that asks for workers at times of the week.
    struct Event {
        /// For `scaler.calendar`, with `N` for the number of calls.
        var text: String
        var hint: String
        var origin: String
    }

    var minimum: Sourced<Int>
    var maximum: Sourced<Int>
    var measure: Measure
    var behavior: ForeignBehavior?
    var paused: Sourced<Bool>?
    /// `hold` or a number of workers.
    var fallback: Sourced<String>?
    var events: [Event] = []
    /// `deployments/NAME`, where pods of Spate's workers would be.
    var workload: Sourced<String>?

    /// Reads `object`, which is translatable.
    init(_ object: ManifestObject, notes: ImportNotes) throws(ImportError) {
        var keys = object.keys
        _ = keys.take(anyOf: ["apiVersion", "kind"])
        let metadata = keys.take("metadata")?.mapping(notes: notes)
        let spec = keys.take("spec")
        for field in keys.take(anyOf: ["status"]) {
            notes.note(field, "what the cluster reported; no part of the policy")
        }
        notes.rest(of: keys, "not translated: no key of a \(object.kind) that Spate knows")
        guard let spec, let mapping = spec.mapping(notes: notes) else {
            throw ImportError(line: object.line, column: 1, message: "\(object.title) has no spec")
        }
        if object.kind == "ScaledObject" {
            self = try ScaledObject.policy(of: mapping, object: object, notes: notes)
        } else {
            self = try PodAutoscaler.policy(of: mapping, object: object, notes: notes)
        }
        if let metadata { paused = Self.paused(metadata, notes: notes) }
        guard minimum.value <= maximum.value else {
            throw ImportError(
                line: object.line, column: 1,
                message: "\(object.title): the most workers, \(maximum.value) (\(maximum.origin)), are fewer than the"
                    + " fewest, \(minimum.value) (\(minimum.origin))")
        }
    }

    init(minimum: Sourced<Int>, maximum: Sourced<Int>, measure: Measure, workload: Sourced<String>?) {
        self.minimum = minimum
        self.maximum = maximum
        self.measure = measure
        self.workload = workload
    }

    /// KEDA's annotations that stop it; notes for all else.
    private static func paused(_ metadata: ManifestMapping, notes: ImportNotes) -> Sourced<Bool>? {
        var metadata = metadata
        _ = metadata.take("name")
        var paused: Sourced<Bool>?
        if let field = metadata.take("annotations"), var annotations = field.mapping(notes: notes) {
            if let field = annotations.take("autoscaling.keda.sh/paused") {
                paused = Sourced(field.text == "true", from: field)
            }
            if let field = annotations.take("autoscaling.keda.sh/paused-replicas") {
                notes.warn(field, "pins the count in KEDA; here `spate override` does, until a time that is given")
            }
            notes.rest(of: annotations, severity: .note, "for other tools; a cluster file has no annotations")
        }
        notes.rest(of: metadata, severity: .note, "about the object in Kubernetes; a cluster file has nothing for it")
        return paused
    }

    /// The workload, as a suggestion; a note for what else the reference says.
    static func workload(_ spec: inout ManifestMapping, notes: ImportNotes) -> Sourced<String>? {
        guard let field = spec.take("scaleTargetRef"), var target = field.mapping(notes: notes) else { return nil }
        let kind = target.take("kind")?.text ?? "Deployment"
        let name = target.take("name")?.text ?? ""
        _ = target.take("apiVersion")
        notes.rest(of: target, "not translated: the pool's driver starts workers, of one program")
        let folders = ["Deployment": "deployments", "StatefulSet": "statefulsets"]
        let isPlain =
            !name.isEmpty
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 }
        guard let folder = folders[kind], isPlain else {
            notes.warn(
                field,
                "\(PlainText.line(kind)) '\(PlainText.line(name))' is none of what the driver kubernetes scales"
                    + " (Deployment, StatefulSet)")
            return nil
        }
        notes.note(
            field,
            "the pool's driver starts workers. If \(folder)/\(name) runs `spate worker`, uncomment the lines of the"
                + " driver kubernetes, and delete the old object first: two autoscalers on one workload undo each other"
        )
        return Sourced("\(folder)/\(name)", from: field)
    }
}
