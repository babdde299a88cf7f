import Glibc
import Testing

/// The rules of the house that can be read off its text.
@Suite struct HouseTests {
    private let tree = SourceTree()

    private func manifest() throws -> Manifest { Manifest(try tree.text("Package.swift")) }

    /// Compares what was found, by file, with what is let pass.
    private func compare(_ found: [String: [Int]], with allowed: [String: Int], _ rule: String) {
        for (path, lines) in found.sorted(by: { $0.key < $1.key }) {
            let allowance = allowed[path] ?? 0
            #expect(lines.count <= allowance, "\(path), lines \(lines): \(rule)")
        }
        for (path, count) in allowed.sorted(by: { $0.key < $1.key }) where tree.exists(path) {
            let rest = found[path]?.count ?? 0
            #expect(rest >= count, "\(path) has \(rest) by now: lower its number in Allowances")
        }
    }

    private func lines(
        below folder: String, where isMeant: (Substring) -> Bool
    ) throws -> [String: [Int]] {
        var found: [String: [Int]] = [:]
        for file in try tree.swift(below: folder) {
            let lines = file.code.filter { isMeant($0.text) }.map(\.number)
            if !lines.isEmpty { found[file.path] = lines }
        }
        return found
    }

    @Test("pure targets import nothing that does I/O, waits, logs, or is C")
    func pureTargets() throws {
        let forbidden: Set<Substring> = [
            "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Logging", "Synchronization", "NIOPosix",
            "CHiredis", "COpenSSL", "CZlib", "COnnxRuntime", "CProcess", "Observability", "Settings",
        ]
        let pure = try manifest().pure
        #expect(pure.count >= 10)
        for name in pure {
            for file in try tree.swift(below: "Sources/\(name)") {
                for (number, text) in file.code {
                    let words = text.split(separator: " ")
                    if let at = words.firstIndex(of: "import"), at < 2, words.count > at + 1 {
                        // Arithmetic that Swift itself does not have.
                        let isArithmetic = file.path == "Sources/Reports/PlotScale.swift" && words[at + 1] == "Glibc"
                        #expect(!forbidden.contains(words[at + 1]) || isArithmetic, "\(file.path):\(number)")
                    }
                    #expect(!Self.readsClock(text), "\(file.path):\(number) reads a clock")
                }
            }
        }
    }

    private static func readsClock(_ line: Substring) -> Bool {
        [
            "ContinuousClock.now", "SuspendingClock", "Task.sleep", "Date()", "Date.now", "clock_gettime",
            "NIODeadline.now", "DispatchTime.now",
        ].contains { line.has($0) }
    }

    @Test("clocks are read where they are made or put together, and injected everywhere else")
    func clocks() throws {
        compare(
            try lines(below: "Sources", where: Self.readsClock), with: Allowances.clocks,
            "takes a clock as an argument instead of reading one")
    }

    @Test("every try? says why its error does not matter")
    func silentTries() throws {
        var found: [String: [Int]] = [:]
        for file in try tree.swift(below: "Sources") {
            for (number, text) in file.code where text.has(" try? ") || text.has("(try? ") {
                let behind = text.pieces(after: "try?").first ?? ""
                let above = number >= 2 ? file.lines[number - 2].drop { $0 == " " } : ""
                if !behind.contains("//"), !above.hasPrefix("//") { found[file.path, default: []].append(number) }
            }
        }
        compare(found, with: Allowances.silentTries, "a try? needs its reason, in the same line or above")
    }

    @Test("keys of log lines are spelled in Observability")
    func logKeys() throws {
        let found = try lines(below: "Sources") { line in
            if ["metadata: [\"", "metadata[\"", "metadataKey: \""].contains(where: { line.has($0) }) {
                return true
            }
            let text = line.drop { $0 == " " }
            guard text.hasPrefix("\""), let end = text.dropFirst().firstIndex(of: "\"") else { return false }
            let key = text[text.index(after: text.startIndex)..<end]
            return !key.isEmpty && key.allSatisfy { $0.isLowercase || $0 == "." } && text[end...].hasPrefix("\": \"\\(")
        }.filter { !$0.key.hasPrefix("Sources/Observability/") }
        compare(found, with: Allowances.logKeys, "the key belongs into LogKeys")
    }

    @Test("what a target declares it imports, and what it imports it declares")
    func dependencies() throws {
        let manifest = try manifest()
        #expect(manifest.targets.count > 40)
        let system: Set<String> = [
            "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization", "Testing", "Swift",
        ]
        // What stands in a text and looks like an import names none of these.
        let known = manifest.targets.reduce(into: Set<String>()) { $0.formUnion($1.dependencies.union([$1.name])) }
        for target in manifest.targets where tree.exists(target.folder) {
            var imported: Set<String> = []
            let nested = manifest.targets.map(\.folder).filter { $0.hasPrefix(target.folder + "/") }
            for file in try tree.swift(below: target.folder)
            where !nested.contains(where: { file.path.hasPrefix($0 + "/") }) {
                for (_, text) in file.code {
                    let words = text.split(separator: " ").filter { !$0.hasPrefix("@") }
                    if let at = words.firstIndex(of: "import"), at < 2, words.count > at + 1 {
                        // `import func Glibc.log` imports Glibc.
                        imported.insert(String(words[words.count - 1].prefix { $0 != "." }))
                    }
                }
            }
            guard !imported.isEmpty || target.dependencies.isEmpty else { continue }
            let unused = target.dependencies.subtracting(imported)
            let undeclared = imported.intersection(known).subtracting(target.dependencies).subtracting(system)
                .subtracting([target.name])
            #expect(unused.isEmpty, "\(target.name) declares and does not import")
            #expect(undeclared.isEmpty, "\(target.name) imports and does not declare")
        }
    }

    @Test("paths that the documents name exist")
    func documents() throws {
        var named = 0
        let pages = try tree.paths(below: "docs").filter { $0.hasSuffix(".md") } + ["README.md", "CONTRIBUTING.md"]
        for page in pages where tree.exists(page) {
            let parts = try tree.text(page).split(separator: "`", omittingEmptySubsequences: false)
            for index in stride(from: 1, to: parts.count, by: 2) {
                let path = parts[index]
                let isPath = path.allSatisfy { $0.isLetter || $0.isNumber || "/._+-".contains($0) }
                guard isPath, path.hasPrefix("Sources/") || path.hasPrefix("Tests/") else { continue }
                named += 1
                #expect(tree.exists(String(path)), "\(page) names \(path)")
            }
        }
        #expect(named > 10)
    }
}

extension Substring {
    /// Whether it contains `mark`; quick without optimisation too.
    fileprivate func has(_ mark: String) -> Bool {
        utf8.withContiguousStorageIfAvailable { text in
            mark.withCString { mark in
                guard let start = text.baseAddress else { return false }
                let (length, first) = (strlen(mark), Int32(UInt8(bitPattern: mark[0])))
                var at = 0
                while at + length <= text.count, let found = memchr(start + at, first, text.count - at) {
                    let offset = UnsafeRawPointer(found) - UnsafeRawPointer(start)
                    if offset + length <= text.count, memcmp(found, mark, length) == 0 { return true }
                    at = offset + 1
                }
                return false
            }
        } ?? contains(mark)
    }
}
