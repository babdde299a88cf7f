import FoundationEssentials
package import Traffic

/// Writes a report: for the screen, as JSON, and as a page.
package struct ReportWriter: Sendable {
    private let report: TrafficReport

    package init(_ report: TrafficReport) { self.report = report }

    /// Plain text for a screen.
    package func text() -> String { ReportText(report: report).text() }

    /// One self-contained HTML page.
    package func html() -> String { ReportPage(report: report).html() }

    /// The whole report; durations are seconds, times count from the run's start.
    package func json() throws(LoadError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
        } catch {
            throw LoadError("the report could not be encoded as JSON: \(error)")
        }
    }

    /// Writes `name.json` and `name.html` into `directory`, which is made if it is missing.
    ///
    /// - Returns: The paths of both.
    package func write(to directory: String, name: String = "report") throws(LoadError) -> (json: String, html: String)
    {
        let base = directory.hasSuffix("/") ? directory + name : directory + "/" + name
        let (json, html) = (base + ".json", base + ".html")
        let document = try self.json()
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data(document.utf8).write(to: URL(filePath: json), options: .atomic)
            try Data(self.html().utf8).write(to: URL(filePath: html), options: .atomic)
        } catch {
            throw LoadError("\(directory): the report cannot be written there: \(error)")
        }
        return (json, html)
    }
}
