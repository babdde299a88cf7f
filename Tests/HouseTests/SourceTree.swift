import FoundationEssentials

/// The repository that the tests were built from, read as text.
struct SourceTree: Sendable {
    struct File: Sendable {
        /// From the root on: `Sources/Time/Timestamp.swift`.
        var path: String
        var lines: [Substring]

        /// Lines that are code, with their numbers; not those that are a comment as a whole.
        var code: [(number: Int, text: Substring)] {
            lines.enumerated().map { ($0.offset + 1, $0.element) }
                .filter { !$0.1.drop { $0 == " " }.hasPrefix("//") }
        }
    }

    let root: String

    init(of file: String = #filePath) {
        // Three folders up: Tests/HouseTests/<file>.
        root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    func text(_ path: String) throws -> String { try String(contentsOfFile: root + "/" + path, encoding: .utf8) }

    /// Every Swift file below `folder`, by path.
    func swift(below folder: String) throws -> [File] {
        try paths(below: folder).filter { $0.hasSuffix(".swift") }.map { path in
            File(path: path, lines: try text(path).split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    func paths(below folder: String) throws -> [String] {
        var found: [String] = []
        var waiting = [folder]
        while let next = waiting.popLast() {
            for name in try FileManager.default.contentsOfDirectory(atPath: root + "/" + next) {
                let path = next + "/" + name
                var isFolder = false
                guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder { waiting.append(path) } else { found.append(path) }
            }
        }
        return found.sorted()
    }
}
