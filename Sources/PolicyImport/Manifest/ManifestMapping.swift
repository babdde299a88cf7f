import Yams

/// The keys of a mapping that nobody took yet.
struct ManifestMapping {
    let path: String
    private(set) var fields: [ManifestField]

    init(_ mapping: Node.Mapping, path: String) {
        self.path = path
        fields = mapping.map { key, value in
            let name = PlainText.line(key.string ?? "?")
            return ManifestField(
                path: path.isEmpty ? name : "\(path).\(name)", name: name,
                line: key.mark?.line ?? value.mark?.line ?? 1, node: value)
        }
    }

    /// Removes and returns the value of `name`; `nil` where it is not given or null.
    mutating func take(_ name: String) -> ManifestField? {
        guard let index = fields.firstIndex(where: { $0.name == name }) else { return nil }
        let field = fields.remove(at: index)
        return field.isNull ? nil : field
    }

    /// Removes and returns the values of `names` that are given, in the manifest's order.
    mutating func take(anyOf names: Set<String>) -> [ManifestField] {
        let taken = fields.filter { names.contains($0.name) }
        fields.removeAll { names.contains($0.name) }
        return taken.filter { !$0.isNull }
    }
}
