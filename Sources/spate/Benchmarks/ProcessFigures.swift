import Foundation

/// What the kernel says of a process.
enum ProcessFigures {
    /// `VmRSS`; 0 for a process that is gone.
    static func residentBytes(_ process: Int32) -> Int {
        let status = text("/proc/\(process)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1_024
    }

    /// Processor time of the threads that live, to the nanosecond; 0 for a process that is gone.
    static func processorSeconds(_ process: Int32) -> Double {
        threads(of: process).reduce(0) { sum, thread in
            let figures = text("/proc/\(process)/task/\(thread)/schedstat").split(separator: " ")
            return sum + (figures.first.flatMap { Double($0) } ?? 0) / 1e9
        }
    }

    /// None of a process that is gone.
    private static func threads(of process: Int32) -> [String] {
        // It may end at any moment.
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    }

    static func children(of process: Int32) -> [Int32] {
        threads(of: process).flatMap {
            text("/proc/\(process)/task/\($0)/children").split(separator: " ").compactMap { Int32($0) }
        }
    }

    static func commandLine(_ process: Int32) -> String {
        text("/proc/\(process)/cmdline").replacingOccurrences(of: "\0", with: " ")
    }

    /// A file of a process that has just ended reads as empty.
    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// What the processes of one system have used so far.
struct SystemFigures: Sendable {
    /// Gateway and scaler are one process.
    var gateway = 0.0
    var workers = 0.0
    var redis = 0.0
    /// Resident, of all of them.
    var memory = 0
    var workerCount = 0

    init(of system: TemporarySystem) {
        gateway = ProcessFigures.processorSeconds(system.processID)
        memory = ProcessFigures.residentBytes(system.processID)
        for child in ProcessFigures.children(of: system.processID) {
            let seconds = ProcessFigures.processorSeconds(child)
            memory += ProcessFigures.residentBytes(child)
            if ProcessFigures.commandLine(child).contains(" worker ") {
                workers += seconds
                workerCount += 1
            } else {
                redis += seconds
            }
        }
    }

    /// Processor time for each of `calls`, from `earlier` to here.
    func lines(since earlier: SystemFigures, calls: Int, _ name: String) -> [BenchLine] {
        func line(_ role: String, _ seconds: Double, _ goal: Double) -> BenchLine {
            BenchLine(
                name: "\(name), processor time of \(role) for a call", value: seconds / Double(max(calls, 1)) * 1e6,
                unit: "us", goal: .below(goal))
        }
        return [
            line("gateway and scaler", gateway - earlier.gateway, 30),
            line("workers", workers - earlier.workers, 25), line("Redis", redis - earlier.redis, 20),
            BenchLine(
                name: "\(name), resident memory of gateway, Redis and \(workerCount) workers",
                value: Double(memory) / 1e6, unit: "MB", goal: .below(250)),
        ]
    }
}
