import Foundation
import Settings
import Testing

@Suite struct ConfigurationPageTests {
    private let page: String

    init() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
    }

    /// The code block that follows the mark `<!-- example: name -->`.
    private func example(_ name: String) throws -> String {
        let block = try #require(
            page.split(separator: "<!-- example: \(name) -->\n").last?.split(separator: "```").first)
        return try #require(block.split(separator: "\n", maxSplits: 1).last).appending("")
    }

    @Test("the report in docs/configuration.md is what the example leads to")
    func report() throws {
        let cluster = try TemporaryCluster(try example("wrong"))
        let report = SettingsCheck.report(path: cluster.path).description
        #expect(report.replacing(cluster.folder, with: "cluster") + "\n" == (try example("report")))
    }
}
