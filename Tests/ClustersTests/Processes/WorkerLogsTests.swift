import Foundation
import Testing

@testable import Clusters

@Suite struct WorkerLogsTests {
    @Test("the oldest files of workers that have ended go; those of running workers and of others stay")
    func trims() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spate-logs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        func name(_ number: Int, pool: String = "cpu") -> String {
            "\(pool)-\(String(repeating: "0", count: 14))\(number < 10 ? "0" : "")\(number)"
        }
        func write(_ file: String, age: Int) throws {
            let path = folder.appendingPathComponent(file).path
            try Data("x".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000 - Double(age))], ofItemAtPath: path)
        }
        for number in 0..<20 { try write("\(name(number)).log", age: number) }
        for other in ["notes.log", "redis.log", "\(name(30, pool: "gpu")).log", "cpu-short.log"] {
            try write(other, age: 500)
        }
        WorkerLogs.trim(folder.path, pools: ["cpu"], running: [name(19)], kept: 5)
        let left = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
        let workers = (0..<5).map { "\(name($0)).log" } + ["\(name(19)).log"]
        #expect(left == Set(workers + ["notes.log", "redis.log", "\(name(30, pool: "gpu")).log", "cpu-short.log"]))
    }

    @Test("a folder that is not there is nothing to trim")
    func missing() { WorkerLogs.trim("/nowhere/at/all", pools: ["cpu"], running: []) }
}
