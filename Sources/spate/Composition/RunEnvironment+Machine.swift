import Foundation
import Glibc
import Traffic

extension RunEnvironment {
    /// This process's own: what it is, where it runs, and how it was called.
    /// - Parameter config: the cluster file, where the command starts a cluster of its own.
    static func current(config: String? = nil) -> RunEnvironment {
        let process = ProcessInfo.processInfo
        return RunEnvironment(
            version: SpateVersion.text, commit: SourceCommit.current(environment: process.environment),
            machine: machine(), cores: process.activeProcessorCount, memoryBytes: Int(clamping: process.physicalMemory),
            command: process.arguments.map(quoted).joined(separator: " "),
            config: config.map { URL(fileURLWithPath: $0).standardizedFileURL.path })
    }

    private static func machine() -> String {
        var names = utsname()
        guard uname(&names) == 0 else { return "unknown" }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        let about = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) }
        let processor = about?.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
        let system = "\(text(names.nodename)), \(text(names.sysname)) \(text(names.release)) \(text(names.machine))"
        return processor.map { "\(system), \($0)" } ?? system
    }

    /// As a shell takes it; passwords in URLs are left out.
    private static func quoted(_ argument: String) -> String {
        let shown = hidingPassword(argument)
        let isPlain =
            !shown.isEmpty
            && shown.utf8.allSatisfy { byte in
                byte >= 0x80 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                    || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || "_-./:=,@%+".utf8.contains(byte)
            }
        return isPlain ? shown : "'" + shown.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    private static func hidingPassword(_ argument: String) -> String {
        guard let scheme = argument.range(of: "://"),
            let at = argument[scheme.upperBound...].lastIndex(of: "@")
        else { return argument }
        return argument[..<scheme.upperBound] + "***" + argument[at...]
    }
}

/// The commit of the source that this program was built from, where it can be known.
enum SourceCommit {
    /// `SPATE_COMMIT` (which images set), else that of the checkout whose build folder the program lies in.
    static func current(environment: [String: String]) -> String? {
        if let given = environment["SPATE_COMMIT"], !given.isEmpty { return given }
        // Without a file of its own there is no checkout to look at.
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            return nil
        }
        let parts = program.components(separatedBy: "/.build/")
        guard parts.count > 1, let root = parts.first else { return nil }
        return head(of: root + "/.git")
    }

    private static func head(of folder: String) -> String? {
        guard let head = text("\(folder)/HEAD") else { return nil }
        guard head.hasPrefix("ref: ") else { return hash(head) }
        let name = String(head.dropFirst(5))
        if let loose = text("\(folder)/\(name)") { return hash(loose) }
        let packed = text("\(folder)/packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" " + name) }
        return packed?.split(separator: " ").first.flatMap { hash(String($0)) }
    }

    private static func hash(_ text: String) -> String? {
        text.count >= 40 && text.allSatisfy(\.isHexDigit) ? text : nil
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
