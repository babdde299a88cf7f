import Yams

/// A cursor over one mapping of a YAML file that turns keys into checked values.
///
/// Reading goes on after a wrong value (the default takes its place), so that one run reports everything that is
/// wrong. Keys that nobody asked for are reported when the closure of the mapping returns; the keys that were asked
/// for are the allowed ones. An empty value (`port:`), `~` or `null` means that the key is not given.
///
/// ```swift
/// let profile = try SettingsReader.read(path: "cluster/load/morning-peak.yaml") { file in
///     let model = file.string("model", default: "digits")
///     let phases = file.list("phases") { phase in
///         phase.require("length")
///         return Phase(length: phase.duration("length", in: .seconds(1) ... .seconds(86_400), default: .seconds(60)),
///                      perMinute: phase.number("per_minute", in: 0...1_000_000, default: 0))
///     }
///     return Profile(model: model, phases: phases)
/// }
/// ```
///
/// Belongs to the call of `read` that made it; do not keep it.
package final class SettingsReader {
    let document: SettingsDocument
    let findings: SettingsFindings
    /// `nil` when the mapping is absent: every key then has its default.
    private let mapping: Node.Mapping?
    private let start: SettingsPosition
    /// Keys asked for, in order.
    private var known: [String] = []

    init(document: SettingsDocument, mapping: Node.Mapping?, start: SettingsPosition, findings: SettingsFindings) {
        self.document = document
        self.mapping = mapping
        self.start = start
        self.findings = findings
    }

    // MARK: Files

    /// Returns what `body` makes of the YAML file at `path`.
    ///
    /// - Throws: everything that is wrong with the file, or that it cannot be read (above 1 MiB, not UTF-8, missing).
    package static func read<Value>(
        path: String, _ body: (SettingsReader) -> Value
    ) throws(SettingsError) -> Value {
        let findings = SettingsFindings()
        let value = read(path: path, findings: findings, body)
        if let error = findings.error { throw error }
        guard let value else {
            throw SettingsError(diagnostics: [
                SettingsDiagnostic(position: SettingsPosition(file: path), message: "cannot be read")
            ])
        }
        return value
    }

    /// Returns what `body` makes of the YAML `text`, which errors call `name`.
    package static func read<Value>(
        text: String, named name: String, _ body: (SettingsReader) -> Value
    ) throws(SettingsError) -> Value {
        let findings = SettingsFindings()
        let value = read(text: text, named: name, findings: findings, body)
        if let error = findings.error { throw error }
        return value
    }

    /// As `read(path:_:)`, with the findings kept for a report over several files. `nil` if there is no text to read.
    static func read<Value>(path: String, findings: SettingsFindings, _ body: (SettingsReader) -> Value) -> Value? {
        do {
            let text = try SettingsFile.read(path)
            return read(text: text, named: path, findings: findings, body)
        } catch {
            findings.report(error.message, at: SettingsPosition(file: path))
        }
        return nil
    }

    static func read<Value>(
        text: String, named name: String, findings: SettingsFindings, _ body: (SettingsReader) -> Value
    ) -> Value {
        let before = findings.diagnostics.count
        let document = SettingsDocument(text: text, file: name, findings: findings)
        let start = SettingsPosition(file: name, line: 1, column: 1)
        var mapping: Node.Mapping?
        switch document.root {
        case .mapping(let root): mapping = root
        case .scalar(let scalar) where scalar.isAbsent: break
        case nil: break
        case .some(let other):
            findings.report(
                "expected keys and values, found \(other.summary)", at: other.position(in: name) ?? start)
        }
        let reader = SettingsReader(document: document, mapping: mapping, start: start, findings: findings)
        // A file that is no YAML at all has one finding, not one more for each key that is required.
        if document.root == nil, findings.diagnostics.count > before { reader.isMuted = true }
        let value = body(reader)
        reader.finish()
        return value
    }

    private var isMuted = false

    // MARK: Structure

    /// Whether the key is given.
    package func has(_ key: String) -> Bool { node(key) != nil }

    /// Whether the key is given and is a list of nothing (`[]`).
    package func isEmptyList(_ key: String) -> Bool { node(key)?.sequence?.isEmpty ?? false }

    /// Where the value of `key` stands, or the mapping itself if the key is not given.
    package func position(of key: String) -> SettingsPosition {
        node(key)?.position(in: document.file) ?? start
    }

    /// Where the mapping starts.
    package var position: SettingsPosition { start }

    /// Reports a finding of the caller's own check, at the value of `key`.
    package func report(_ message: String, at key: String) {
        report(message, at: position(of: key))
    }

    package func report(_ message: String, at position: SettingsPosition) {
        if !isMuted { findings.report(Secrets.masked(message), at: position) }
    }

    /// Reports each of `keys` that is not given.
    package func require(_ keys: String...) {
        for key in keys where node(key) == nil { report("missing key '\(key)'", at: start) }
    }

    /// Reads the mapping at `key`; where it is not given, `body` runs over an empty mapping and finds the defaults.
    package func mapping<Value>(_ key: String, _ body: (SettingsReader) -> Value) -> Value {
        switch node(key) {
        case .mapping(let mapping): return child(mapping, at: position(of: key), body)
        case nil: break
        case .some(let other):
            report("'\(key)': expected keys and values, found \(other.summary)", at: key)
        }
        return child(nil, at: start, body)
    }

    /// As `mapping(_:_:)`, and a plain word stands for a mapping of `shorthand` to it.
    package func mapping<Value>(_ key: String, shorthand: String, _ body: (SettingsReader) -> Value) -> Value {
        guard let node = node(key), case .scalar = node else { return mapping(key, body) }
        return child(Node.Mapping([(Node(shorthand), node)]), at: position(of: key), body)
    }

    /// Reads the list of mappings at `key`; empty where it is not given. A `body` that returns `nil` leaves its
    /// item out.
    package func list<Value>(_ key: String, _ body: (SettingsReader) -> Value?) -> [Value] {
        items(key, "a list of mappings (each item starts with '- ')").compactMap { item in
            let position = item.position(in: document.file) ?? start
            guard case .mapping(let mapping) = item else {
                report("'\(key)': each item has keys and values, found \(item.summary)", at: position)
                return nil
            }
            return child(mapping, at: position, body)
        }
    }

    /// As `list(_:_:)`, and an item that is a plain word stands for a mapping of `shorthand` to it.
    package func list<Value>(_ key: String, shorthand: String, _ body: (SettingsReader) -> Value?) -> [Value] {
        items(key, "a list").compactMap { item in
            let position = item.position(in: document.file) ?? start
            switch item {
            case .mapping(let mapping): return child(mapping, at: position, body)
            case .scalar: return child(Node.Mapping([(Node(shorthand), item)]), at: position, body)
            default:
                report("'\(key)': each item is a word or has keys and values, found \(item.summary)", at: position)
                return nil
            }
        }
    }

    /// Reads the mapping at `key` whose keys are free names; the pairs in the order of the file.
    package func entries<Value>(_ key: String, _ body: (String, SettingsReader) -> Value?) -> [Value] {
        guard let node = node(key) else { return [] }
        guard case .mapping(let mapping) = node else {
            report("'\(key)': expected names with keys and values, found \(node.summary)", at: key)
            return []
        }
        return mapping.compactMap { name, value in
            let position = name.position(in: document.file) ?? start
            guard case .mapping(let inner) = value, let text = name.scalar?.string, document.duplicates[text] == nil
            else {
                let wrong = "expected a name with keys and values, found \(value.summary)"
                report("'\(key)': \(duplicateMessage(name) ?? wrong)", at: position)
                return nil
            }
            return child(inner, at: position) { body(text, $0) }
        }
    }

    // MARK: For the scalar readers

    /// The value of `key`, `nil` where absent. Marks the key as known.
    func node(_ key: String) -> Node? {
        if !known.contains(key) { known.append(key) }
        guard let value = mapping?.first(where: { $0.key.scalar?.string == key })?.value else { return nil }
        if case .scalar(let scalar) = value, scalar.isAbsent { return nil }
        return value
    }

    func items(_ key: String, _ expected: String) -> [Node] {
        switch node(key) {
        case .sequence(let sequence): return Array(sequence)
        case nil: return []
        case .some(let other):
            report("'\(key)': expected \(expected), found \(other.summary)", at: key)
            return []
        }
    }

    // MARK: Private

    private func child<Value>(
        _ mapping: Node.Mapping?, at position: SettingsPosition, _ body: (SettingsReader) -> Value
    ) -> Value {
        let reader = SettingsReader(document: document, mapping: mapping, start: position, findings: findings)
        reader.isMuted = isMuted
        let value = body(reader)
        reader.finish()
        return value
    }

    /// Reports the keys that `body` never asked for.
    private func finish() {
        guard let mapping else { return }
        for (key, _) in mapping where !(key.scalar.map { known.contains($0.string) } ?? false) {
            let position = key.position(in: document.file) ?? start
            if let message = duplicateMessage(key) {
                report(message, at: position)
                continue
            }
            guard let name = key.scalar?.string else {
                report("a key is a word, found \(key.summary)", at: position)
                continue
            }
            let hint = Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
            let allowed = known.isEmpty ? "no keys" : known.sorted().joined(separator: ", ")
            report("unknown key '\(name)'; allowed here: \(allowed)\(hint)", at: position)
        }
    }

    private func duplicateMessage(_ key: Node) -> String? {
        guard let original = key.scalar.flatMap({ document.duplicates[$0.string] }) else { return nil }
        let first = mapping?.first { $0.key.scalar?.string == original }?.key.position(in: document.file)?.line
        return "duplicate key '\(original)'" + (first.map { "; first given in line \($0)" } ?? "")
    }
}

// MARK: - Nodes as messages show them

extension Node {
    func position(in file: String) -> SettingsPosition? {
        mark.map { SettingsPosition(file: file, line: $0.line, column: $0.column) }
    }

    /// `text "abc"`, `64`, `a list`, `keys and values`; secrets masked, long texts cut.
    var summary: String {
        switch self {
        case .scalar(let scalar) where scalar.isAbsent: "nothing"
        case .scalar(let scalar) where scalar.style == .plain: "'\(Self.short(scalar.string))'"
        case .scalar(let scalar): "the text \"\(Self.short(scalar.string))\""
        case .sequence: "a list"
        case .mapping: "keys and values"
        case .alias: "an alias"
        }
    }

    private static func short(_ text: String) -> String {
        let masked = Secrets.masked(text)
        return masked.count > 80 ? masked.prefix(77) + "..." : masked
    }
}

extension Node.Scalar {
    var isAbsent: Bool {
        style == .plain && ["", "~", "null", "Null", "NULL"].contains(string)
    }
}
