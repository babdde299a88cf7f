/// Translates the first KEDA ScaledObject or HorizontalPodAutoscaler (`autoscaling/v2`) of `yaml`, which may hold
/// several documents or a `kind: List`.
///
/// Nothing is dropped silently: each key of the manifest stands in the result or in a note.
///
/// - Throws: what is no YAML, holds no such object, or only triggers or metrics that Spate has nothing for.
/// - Example: `lagCount: "20"` of a redis-streams trigger becomes `keda-lag: {lag_count: 20}`.
/// - Source: KEDA `redis_streams_scaler.go`, `scale_scaledobjects.go`; Kubernetes `horizontal.go`.
package func importPolicy(
    from yaml: String, options: ImportOptions = ImportOptions()
) throws(ImportError) -> ImportedPolicy {
    guard PlainText.isName(options.pool) else {
        throw ImportError(line: 1, column: 1, message: "'\(PlainText.line(options.pool))' is no name of a pool")
    }
    let objects = try ManifestObject.objects(of: yaml)
    let notes = ImportNotes()
    guard let index = objects.firstIndex(where: \.isTranslatable) else { throw Rejection.noObject(in: objects) }
    for (other, object) in objects.enumerated() where other != index {
        notes.add(
            object.isTranslatable ? .warning : .note, line: object.line, "\(object.title)",
            object.isTranslatable
                ? "only the first object that can be translated is; put this one into a file of its own"
                : "Spate's cluster file has nothing for an object of this kind")
    }
    let object = objects[index]
    let policy = try ForeignPolicy(object, notes: notes)
    let text = PolicyText(title: object.title, line: object.line, options: options)
    return ImportedPolicy(yaml: text.yaml(of: policy, notes: notes), notes: notes.sorted)
}

enum Rejection {
    static func noObject(in objects: [ManifestObject]) -> ImportError {
        guard let first = objects.first else {
            return ImportError(line: 1, column: 1, message: "no manifest in this file")
        }
        for object in objects {
            if object.kind == "HorizontalPodAutoscaler" {
                return ImportError(
                    line: object.line, column: 1,
                    message: "\(object.title) is of \(object.apiVersion), not autoscaling/v2;"
                        + " `kubectl get hpa.v2.autoscaling NAME -o yaml` gives it in that version")
            }
            if object.kind == "ScaledJob" {
                return ImportError(
                    line: object.line, column: 1,
                    message: "\(object.title): a ScaledJob starts a Kubernetes Job for each piece of work; Spate's"
                        + " workers stay and take one job after another, so nothing here stands for it")
            }
        }
        let found = objects.map(\.title).joined(separator: ", ")
        return ImportError(
            line: first.line, column: 1,
            message: "no ScaledObject (keda.sh) and no HorizontalPodAutoscaler (autoscaling/v2); found: \(found)")
    }
}
