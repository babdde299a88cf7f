import Logging
import Time

/// Writes each event as one line; metadata sorted by key, control characters escaped, long values cut.
struct LineLogHandler: LogHandler {
    private let output: LogOutput
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    var metadataProvider: Logger.MetadataProvider?

    init(output: LogOutput) {
        self.output = output
        logLevel = output.level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let pairs = all.map { (key: $0.key, value: Self.cut("\($0.value)")) }.sorted { $0.key < $1.key }
        output.write(line(event.level, event.message.description, pairs)) { count in
            line(.warning, "Lines of this log were lost: they could not be written", [("lines", "\(count)")])
        }
    }

    private func line(_ level: Logger.Level, _ message: String, _ pairs: [(key: String, value: String)]) -> String {
        switch output.format {
        case .text: text(level, message, pairs)
        case .json: json(level, message, pairs)
        }
    }

    private func text(_ level: Logger.Level, _ message: String, _ pairs: [(key: String, value: String)]) -> String {
        var line = "\(UTC(output.now()).milliseconds) \(level.rawValue) \(output.role): "
        line += LogText.escaped(message)
        for (key, value) in pairs {
            let isWord = !value.isEmpty && !value.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" }
            line += isWord ? " \(key)=\(LogText.escaped(value))" : " \(key)=\(LogText.quoted(value))"
        }
        return line + "\n"
    }

    private func json(_ level: Logger.Level, _ message: String, _ pairs: [(key: String, value: String)]) -> String {
        var fields = [
            ("time", UTC(output.now()).rfc3339), ("level", level.rawValue), ("role", output.role),
            ("message", message),
        ]
        let taken = Set(fields.map(\.0))
        for (key, value) in pairs { fields.append((taken.contains(key) ? "metadata.\(key)" : key, value)) }
        return "{" + fields.map { "\(LogText.quoted($0)):\(LogText.quoted($1))" }.joined(separator: ",") + "}\n"
    }

    /// A value is a name, a number or a reason; anything longer is a payload that slipped in.
    private static func cut(_ value: String) -> String {
        value.utf8.count > 2_000 ? value.prefix(1_997) + "..." : value
    }
}
