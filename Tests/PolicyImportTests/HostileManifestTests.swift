import PolicyImport
import Settings
import Testing

@Suite struct HostileManifestTests {
    private static let values = [
        "", "~", "-1", "0", "0.5", "1e300", "99999999999999999999", "nan", "10000000", "text", "'a: b'", "[]", "[1]",
        "{}", "{a: 1}",
        "\"\\n\"",
    ]

    @Test(
        "whatever a value is replaced with, the manifest is refused or Spate's reader accepts the policy",
        arguments: ManifestTests.Case.all)
    func anyValue(_ example: ManifestTests.Case) throws {
        let lines = try example.text("\(example.manifest).yaml").split(
            separator: "\n", omittingEmptySubsequences: false)
        var accepted = 0
        var seen: Set<String> = []
        for (index, line) in lines.enumerated() {
            guard let colon = line.firstIndex(of: ":"), !line.hasSuffix("---") else { continue }
            for value in Self.values {
                var changed = lines.map(String.init)
                changed[index] = "\(line[...colon]) \(value)"
                let imported: ImportedPolicy
                do {
                    imported = try importPolicy(from: changed.joined(separator: "\n"), options: example.options)
                } catch {
                    #expect(error.line >= 1 && !error.message.isEmpty)
                    continue
                }
                accepted += 1
                // Many changes touch nothing but notes.
                guard seen.insert(imported.yaml).inserted else { continue }
                #expect(throws: Never.self, "\(changed[index])") {
                    _ = try ReadBack.settings(imported.yaml, pool: example.options.pool)
                }
            }
        }
        #expect(accepted > 100)
    }
}
