/// The algorithms and their parameters as a manual lists them, out of the declarations.
package struct AlgorithmManual: Sendable {
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var summary: String
        package var parameters: [ParameterDeclaration]
    }

    /// Those that a file can name, Spate's own first.
    package let entries: [Entry]

    package init(_ registry: AlgorithmRegistry = .builtIn) {
        let own = Entry(
            name: Algorithm.spate.name,
            summary: "Spate's own: work in seconds against deadlines, start-up times and costs.",
            parameters: Policy.clusterFile.map { $0.declaration(standard: .standard) })
        entries =
            [own]
            + registry.algorithms.filter { !$0.isMade }.map { type in
                Entry(name: type.name, summary: type.summary, parameters: type.declarations)
            }
    }

    /// A table for each algorithm, as it stands in docs/scaling.md.
    package func markdown() -> String {
        entries.map { entry in
            var lines = ["### `\(entry.name)`", "", entry.summary, ""]
            lines += ["| parameter | default | allowed | |", "|---|---|---|---|"]
            lines += entry.parameters.map { parameter in
                "| `\(parameter.path)` | \(parameter.standard) | \(parameter.allowed) | \(parameter.summary) |"
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n"
    }

    /// Lines for a terminal: of one algorithm, or of all.
    package func text(of name: String? = nil) -> String {
        entries.filter { name == nil || $0.name == name }.map { entry in
            let names = entry.parameters.map(\.path)
            let width = names.reduce(0) { max($0, $1.count) }
            let lines = zip(names, entry.parameters).map { name, parameter in
                "  \(name)\(String(repeating: " ", count: width - name.count))  \(parameter.summary)\n"
                    + "  \(String(repeating: " ", count: width))  \(parameter.allowed); default: \(parameter.standard)"
            }
            return (["\(entry.name): \(entry.summary)"] + lines).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}

extension ParameterDeclaration {
    /// With its section, as a path of keys in a cluster file.
    package var path: String { section.map { "\($0).\(name)" } ?? name }

    /// What it may be, with its unit.
    package var allowed: String { unit.map { "\($0) \(kind.range)" } ?? kind.range }
}
