import CProcess
import Glibc
import Jobs
import Synchronization

/// A worker process whose scaler is gone: the kernel gave it another parent.
///
/// Workers carry in their environment whose they are. One whose parent is not the process that started it is an orphan;
/// a process that a worker started itself is not, as long as that worker lives.
final class OrphanProcess: Sendable {
    let worker: String
    let pool: String
    let grace: Duration
    private let cluster: String
    /// Stands for this very process, also after its number was given to another.
    private let descriptor: Int32
    private let board: RunBoard?
    /// When it was first asked to leave; `nil`: nobody did.
    private let asked = Mutex<ContinuousClock.Instant?>(nil)

    private init(
        worker: String, pool: String, cluster: String, grace: Duration, descriptor: Int32, board: RunBoard?
    ) {
        self.cluster = cluster
        self.worker = worker
        self.pool = pool
        self.grace = grace
        self.descriptor = descriptor
        self.board = board
    }

    deinit { close(descriptor) }

    func signal(_ number: Int32) { _ = spate_pidfd_signal(descriptor, number) }

    /// Asks it to leave; `follow` kills it after its grace.
    func requestEnd() {
        asked.withLock { $0 = $0 ?? .now }
        signal(SIGTERM)
    }

    /// What it ran at its end.
    var lastRuns: LastRuns { board?.lastRuns ?? .unknown }

    /// Returns when it has ended, and what it had started itself with it; or the task was cancelled. Kills it when it was
    /// asked to leave and its grace is over.
    /// - Returns: whether it was asked; `nil`: it has not ended.
    func follow() async -> Bool? {
        while await !hasEnded(within: .seconds(1)) {
            if let asked = asked.withLock({ $0 }), .now - asked >= grace { await kill() }
            if Task.isCancelled { return nil }
        }
        for process in await Self.find(of: cluster) where process.worker == worker { await process.kill() }
        return asked.withLock { $0 != nil }
    }

    private func kill() async {
        signal(SIGKILL)
        _ = await hasEnded(within: .seconds(10))
    }

    private func hasEnded(within limit: Duration) async -> Bool {
        await SystemProcesses.hasEnded(descriptor, within: limit)
    }

    // MARK: Marks

    private enum Mark {
        static let worker = "SPATE_WORKER_ID"
        static let pool = "SPATE_WORKER_POOL"
        static let grace = "SPATE_WORKER_GRACE_MILLISECONDS"
        /// `<process id>:<cluster>`.
        static let parent = "SPATE_WORKER_PARENT"
    }

    /// What a worker's environment says of it.
    static func marks(worker: String, pool: String, cluster: String, grace: Duration) -> [String: String] {
        let milliseconds = grace.components.seconds * 1_000 + grace.components.attoseconds / 1_000_000_000_000_000
        return [
            Mark.worker: worker, Mark.pool: pool, Mark.grace: "\(milliseconds)", Mark.parent: "\(getpid()):\(cluster)",
        ]
    }

    // MARK: Finding

    /// The orphans of this cluster among the processes whose environment we may read: those of the same user.
    static func find(of cluster: String) async -> [OrphanProcess] {
        await onThread { SystemProcesses.ids.compactMap { $0 > 1 ? orphan($0, of: cluster) : nil } }
    }

    private static func orphan(_ process: Int32, of cluster: String) -> OrphanProcess? {
        guard let first = environment(of: process), isOurs(first, cluster) else { return nil }
        let descriptor = spate_pidfd_open(process)
        guard descriptor >= 0 else { return nil }
        // Read again: now the number cannot be given to another without the descriptor showing it.
        guard let marks = environment(of: process), isOurs(marks, cluster), let worker = marks[Mark.worker],
            let pool = marks[Mark.pool], let supervisor = marks[Mark.parent]?.split(separator: ":").first,
            let parent = parent(of: process), "\(parent)" != supervisor, parent != getpid(),
            environment(of: parent)?[Mark.worker] != worker
        else {
            close(descriptor)
            return nil
        }
        let grace = marks[Mark.grace].flatMap { Int64($0) } ?? 35_000
        return OrphanProcess(
            worker: worker, pool: pool, cluster: cluster, grace: .milliseconds(max(0, min(grace, 86_400_000))),
            descriptor: descriptor, board: RunBoard.of(process: process))
    }

    private static func isOurs(_ marks: [String: String], _ cluster: String) -> Bool {
        marks[Mark.parent]?.hasSuffix(":\(cluster)") == true
    }

    private static func environment(of process: Int32) -> [String: String]? {
        guard let bytes = SystemProcesses.contents(of: "environ", process), !bytes.isEmpty else { return nil }
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) where entry.starts(with: "SPATE_".utf8) {
            let parts = String(decoding: entry, as: UTF8.self).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        return variables
    }

    private static func parent(of process: Int32) -> Int32? {
        guard let bytes = SystemProcesses.contents(of: "status", process) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("PPid:") }
        return line?.split(separator: "\t").last.flatMap { Int32($0) }
    }
}
