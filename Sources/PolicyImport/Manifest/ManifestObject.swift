import Yams

/// One Kubernetes object of a file.
struct ManifestObject {
    let kind: String
    let apiVersion: String
    let name: String
    /// From 1.
    let line: Int
    let keys: ManifestMapping

    var title: String { name.isEmpty ? kind : "\(kind) \(name)" }

    var isTranslatable: Bool {
        switch kind {
        case "ScaledObject": apiVersion.hasPrefix("keda.sh/")
        case "HorizontalPodAutoscaler": apiVersion == "autoscaling/v2"
        default: false
        }
    }

    /// The objects of all documents, and of lists among them.
    static func objects(of yaml: String) throws(ImportError) -> [ManifestObject] {
        var objects: [ManifestObject] = []
        for node in try documents(of: yaml) {
            guard let mapping = node.mapping else {
                throw ImportError(
                    line: node.mark?.line ?? 1, column: node.mark?.column ?? 1,
                    message: "a Kubernetes object was expected, with apiVersion and kind")
            }
            let items = node["items"]?.sequence
            if node["kind"]?.string?.hasSuffix("List") == true, let items {
                objects += items.compactMap(\.mapping).map { ManifestObject($0) }
            } else {
                objects.append(ManifestObject(mapping))
            }
        }
        return objects
    }

    private init(_ mapping: Node.Mapping) {
        func text(_ node: Node?) -> String { PlainText.line(node?.scalar?.string ?? "") }
        kind = text(mapping["kind"]).isEmpty ? "an object without a kind" : text(mapping["kind"])
        apiVersion = text(mapping["apiVersion"])
        name = text(mapping["metadata"]?["name"])
        keys = ManifestMapping(mapping, path: "")
        line = keys.fields.map(\.line).min() ?? mapping.mark?.line ?? 1
    }

    private static func documents(of yaml: String) throws(ImportError) -> [Node] {
        // The parser keeps a pointer into the text, and a text of at most 15 bytes has no storage to point to.
        let padded = yaml + String(repeating: "\n", count: 16)
        var nodes: [Node] = []
        do {
            var sequence = try compose_all(yaml: padded)
            while let node = sequence.next() {
                if !isEmpty(node) { nodes.append(node) }
            }
            if let error = sequence.error { throw error }
        } catch {
            throw failure(error)
        }
        return nodes
    }

    private static func isEmpty(_ node: Node) -> Bool {
        node.scalar?.string.isEmpty == true || node.scalar?.string == "null"
    }

    private static func failure(_ error: any Error) -> ImportError {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            ImportError(line: mark.line, column: mark.column, message: "not valid YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            ImportError(
                line: context.mark.line, column: context.mark.column,
                message: "duplicate key \(keys.sorted().map { "'\(PlainText.line($0))'" }.joined(separator: ", "))")
        default: ImportError(line: 1, column: 1, message: "not valid YAML")
        }
    }
}
