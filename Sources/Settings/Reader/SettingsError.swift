/// A place in a settings file; lines and columns count from 1.
package struct SettingsPosition: Sendable, Hashable, CustomStringConvertible {
    /// The file as the user named it, or the name of another source (`SPATE_PORT`, `--port`).
    package var file: String
    /// `nil` when the finding concerns the file as a whole.
    package var line: Int?
    package var column: Int?

    package init(file: String, line: Int? = nil, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `cluster/spate.yaml:12:9`, the form that editors and terminals turn into a link.
    package var description: String {
        guard let line else { return file }
        guard let column else { return "\(file):\(line)" }
        return "\(file):\(line):\(column)"
    }
}

/// One finding: where, what was found, and what is allowed there.
package struct SettingsDiagnostic: Sendable, Hashable, CustomStringConvertible {
    package var position: SettingsPosition
    package var message: String

    package init(position: SettingsPosition, message: String) {
        self.position = position
        self.message = message
    }

    package var description: String { "\(position): \(message)" }
}

/// Everything that is wrong with a settings file and the files that it names, in the order of the files.
///
/// Secrets do not appear in it: user information in URLs is masked before a text becomes part of a message.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    package var diagnostics: [SettingsDiagnostic]

    package init(diagnostics: [SettingsDiagnostic]) { self.diagnostics = diagnostics }

    /// One line for each finding.
    package var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}

/// Where the readers of one load put what they find. Belongs to one call of `read`, so it needs no lock.
final class SettingsFindings {
    private(set) var diagnostics: [SettingsDiagnostic] = []

    /// More findings than this help nobody; the rest is counted.
    static let limit = 100
    private var omitted = 0

    func report(_ message: String, at position: SettingsPosition) {
        guard diagnostics.count < Self.limit else {
            omitted += 1
            return
        }
        diagnostics.append(SettingsDiagnostic(position: position, message: message))
    }

    /// The findings as an error, or `nil` if there are none. Sorted by line within a file; files stay in the order
    /// in which they were first mentioned.
    var error: SettingsError? {
        guard let last = diagnostics.last else { return nil }
        var order: [String: Int] = [:]
        for diagnostic in diagnostics where order[diagnostic.position.file] == nil {
            order[diagnostic.position.file] = order.count
        }
        func rank(_ position: SettingsPosition) -> (Int, Int, Int) {
            (order[position.file] ?? 0, position.line ?? .max, position.column ?? .max)
        }
        var sorted = diagnostics.enumerated()
            .sorted { left, right in
                let (a, b) = (rank(left.element.position), rank(right.element.position))
                return a == b ? left.offset < right.offset : a < b
            }
            .map(\.element)
        if omitted > 0 {
            sorted.append(
                SettingsDiagnostic(
                    position: SettingsPosition(file: last.position.file), message: "and \(omitted) more findings"))
        }
        return SettingsError(diagnostics: sorted)
    }
}
