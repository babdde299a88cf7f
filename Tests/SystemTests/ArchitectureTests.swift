import Foundation
import Testing

@Suite struct ArchitectureTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every `Sources/…` or `Tests/…` path in back-ticks on a page.
    private func paths(on page: String) throws -> [String] {
        let text = try String(contentsOf: Self.root.appendingPathComponent(page), encoding: .utf8)
        return text.split(separator: "`").enumerated().compactMap { index, part in
            guard index % 2 == 1, part.hasPrefix("Sources/") || part.hasPrefix("Tests/") else { return nil }
            return String(part)
        }
    }

    @Test("every place that the documentation names exists", arguments: ["docs/architecture.md", "docs/queue.md"])
    func placesExist(page: String) throws {
        let named = try paths(on: page)
        #expect(!named.isEmpty)
        for path in named {
            #expect(FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(path).path), "\(path)")
        }
    }

    @Test(
        "options of TCP are set at its own level: among those of sockets their numbers mean others, which need rights")
    func optionsOfTCP() throws {
        let folder = Self.root.appendingPathComponent("Sources")
        let enumerator = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = enumerator?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(!text.contains("socketOption(.tcp_"), "\(file.lastPathComponent)")
        }
    }

    @Test("pure targets import nothing that does I/O, reads a clock or waits")
    func pureTargetsArePure() throws {
        let forbidden = ["Foundation", "Glibc", "NIOPosix", "Dispatch", "Logging", "Synchronization"]
        var files = 0
        for target in ["Time", "Tensors", "Jobs", "Wire", "GatewayCore", "Batching", "Scaling", "Traffic"] {
            let folder = Self.root.appendingPathComponent("Sources/\(target)")
            let enumerator = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            while let file = enumerator?.nextObject() as? URL {
                guard file.pathExtension == "swift" else { continue }
                files += 1
                let text = try String(contentsOf: file, encoding: .utf8)
                for line in text.split(separator: "\n")
                where line.hasPrefix("import ") || line.hasPrefix("package import ") {
                    let module = line.split(separator: " ").last.map(String.init) ?? ""
                    #expect(!forbidden.contains(module), "\(file.lastPathComponent) imports \(module)")
                }
            }
        }
        #expect(files > 20)
    }
}
