/// A value and where it comes from.
struct Sourced<Value> {
    var value: Value
    /// A path in the manifest, or the default that holds in its place.
    var path: String
    /// From 1; `nil` where the manifest does not give it.
    var line: Int?

    /// For a comment: `spec.maxReplicaCount, line 12`.
    var origin: String { line.map { "\(path), line \($0)" } ?? path }

    init(_ value: Value, from field: ManifestField) {
        self.value = value
        path = field.path
        line = field.line
    }

    /// `value` holds since the manifest does not say otherwise.
    init(_ value: Value, default path: String) {
        self.value = value
        self.path = path
    }

    func map<Other>(_ transform: (Value) -> Other) -> Sourced<Other> {
        var other = Sourced<Other>(transform(value), default: path)
        other.line = line
        return other
    }
}

extension Sourced: Equatable where Value: Equatable {}
