import Foundation
import Scaling
import Testing

@Suite struct AlgorithmPageTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("the tables of docs/scaling.md are what the algorithms declare")
    func page() throws {
        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/scaling.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "<!-- algorithms -->\n")
        try #require(parts.count == 3)
        #expect(parts[1] == AlgorithmManual().markdown(), "\(AlgorithmManual().markdown())")
    }

    @Test(
        "the cluster file's manual names every parameter in the section of its algorithm",
        arguments: AlgorithmManual().entries)
    func manual(entry: AlgorithmManual.Entry) throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("cluster/spate.yaml"), encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        let head = entry.name == "spate" ? "scaler:" : "  \(entry.name):"
        let start = try #require(lines.firstIndex(of: head))
        let indent = head.prefix { $0 == " " }.count
        let section = lines[(start + 1)...].prefix { line in
            line.isEmpty || line.prefix { $0 == " " }.count > indent
        }
        for parameter in entry.parameters where entry.name != "keda-lag" || parameter.section == nil {
            #expect(section.contains { $0.contains(" \(parameter.name):") }, "\(entry.name): \(parameter.name)")
        }
    }
}
