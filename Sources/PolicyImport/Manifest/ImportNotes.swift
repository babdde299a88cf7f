/// Collects notes while a manifest is read.
final class ImportNotes {
    private var notes: [ImportedPolicy.Note] = []

    func add(_ severity: ImportedPolicy.Severity, line: Int, _ what: String, _ why: String) {
        let note = ImportedPolicy.Note(severity: severity, line: line, what: what, why: why)
        if !notes.contains(note) { notes.append(note) }
    }

    func note(_ field: ManifestField, _ why: String) { add(.note, line: field.line, field.path, why) }

    func warn(_ field: ManifestField, _ why: String) { add(.warning, line: field.line, field.path, why) }

    /// A note for each key that nobody took.
    func rest(of mapping: ManifestMapping, severity: ImportedPolicy.Severity = .warning, _ why: String) {
        for field in mapping.fields { add(severity, line: field.line, field.path, why) }
    }

    /// By line; notes of the same line in the order in which they were added.
    var sorted: [ImportedPolicy.Note] {
        notes.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }
}
