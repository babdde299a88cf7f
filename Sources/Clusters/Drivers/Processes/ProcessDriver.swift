import Glibc
import Jobs
package import ScalerCore
import Synchronization

/// Workers as child processes on this machine, made by running this program's own file again.
///
/// A worker that ends is known at once, and what it ran then. When this process ends, however it ends, its workers do
/// what `ParentDeath` says. Those that are left are found by the driver that comes next: it goes on with them where they
/// were to live on, and ends them where they should have ended.
///
/// A worker that ended is not started again by itself: the policy decides anew at once, and backs off after failed starts.
package final class ProcessDriver: PoolDriver {
    /// Where the output of workers goes.
    package enum Logs: Sendable, Equatable {
        /// To this process's own output and error.
        case inherited
        /// To `<directory>/<worker id>.log`. The directory must exist.
        case directory(String)
    }

    private struct Entry {
        var pool: PoolPlace
        /// `nil` while the start is under way.
        var child: ChildProcess?
        /// Whether `started` was told; an exit before that waits for it.
        var isTold = false
        var exit: ProcessExit?
        var board: RunBoard?
    }

    package let ordering = WorkerOrdering.oneByOne(.starter)
    package let events: AsyncStream<WorkerEvent>

    private let children: ChildProcesses
    private let arguments: @Sendable (PoolPlace, String) -> [String]
    private let executable: String
    private let logs: Logs
    private let probe: DeviceProbe
    private let killMargin: Duration
    private let makeID: @Sendable (PoolPlace) -> String
    private let limits: [String: ProcessLimits]
    private let environment: [String: String]
    private let cluster: String
    private let parentDeath: ParentDeath
    /// Workers of an earlier scaler, by id.
    private let orphans = Mutex<[String: OrphanProcess]>([:])
    /// Not bounded by itself: two events for each worker, and pools bound the workers.
    private let report: AsyncStream<WorkerEvent>.Continuation
    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameters:
    ///   - children: starts and watches all processes of this program.
    ///   - arguments: the command line, without the program, of a worker with this id in this pool.
    ///   - executable: file to run; default this program's own.
    ///   - killMargin: beyond the pool's drain time-out, in which a worker hands back what it could not finish, before
    ///     it is killed.
    ///   - limits: what one worker of a pool may take, by the pool's name. Default none.
    ///   - environment: of the workers, before what tells whose they are. Default this process's own.
    ///   - cluster: which orphans are ours; two clusters of one user on one machine need two.
    ///   - parentDeath: what becomes of workers when this process ends, however it ends.
    ///   - makeID: a new worker id; default the pool's name and 64 random bits, in hexadecimal.
    package init(
        children: ChildProcesses, logs: Logs = .inherited, executable: String = ProcessDriver.ownFile,
        probe: DeviceProbe = DeviceProbe(), killMargin: Duration = .seconds(5), limits: [String: ProcessLimits] = [:],
        environment: [String: String] = ProcessDriver.ownEnvironment(), cluster: String = "spate",
        parentDeath: ParentDeath = .drains,
        makeID: @escaping @Sendable (PoolPlace) -> String = { "\($0.name)-\(ProcessDriver.randomHex())" },
        arguments: @escaping @Sendable (_ pool: PoolPlace, _ worker: String) -> [String]
    ) {
        self.children = children
        self.logs = logs
        self.executable = executable
        self.probe = probe
        self.killMargin = killMargin
        self.limits = limits
        self.environment = environment
        self.cluster = cluster
        self.parentDeath = parentDeath
        self.makeID = makeID
        self.arguments = arguments
        (events, report) = AsyncStream.makeStream(of: WorkerEvent.self, bufferingPolicy: .unbounded)
    }

    deinit { report.finish() }

    package func unavailability(of pool: PoolPlace) -> Unavailability? { probe.unavailability(of: pool) }

    package func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String {
        if let missing = unavailability(of: pool) {
            throw WorkerDriverError(.unavailable, "pool \(pool.name) cannot start a worker: \(missing.reason)")
        }
        let worker = makeID(pool)
        let board = RunBoard.make()
        if case .directory(let directory) = logs {
            let (pools, running) = entries.withLock { (Set($0.values.map(\.pool.name) + [pool.name]), Set($0.keys)) }
            WorkerLogs.trim(directory, pools: pools, running: running)
        }
        entries.withLock { $0[worker] = Entry(pool: pool, board: board) }
        let program = ChildProgram(
            path: executable, name: executable == Self.ownFile ? "spate" : nil, arguments: arguments(pool, worker),
            environment: environment(of: worker, in: pool, board: board),
            logPath: logPath(of: worker), limits: limits[pool.name] ?? ProcessLimits(), parentDeath: parentDeath,
            board: board)
        do {
            let child = try await children.start(program) { [weak self] status in
                self?.noteExit(of: worker, in: pool, status)
            }
            noteStart(of: worker, in: pool, child)
        } catch {
            entries.withLock { _ = $0.removeValue(forKey: worker) }
            throw WorkerDriverError(.startFailed, "pool \(pool.name) cannot start worker \(worker): \(error.message)")
        }
        return worker
    }

    package func drain(_ worker: String) async {
        if let orphan = orphans.withLock({ $0[worker] }) { return orphan.requestEnd() }
        guard let entry = entries.withLock({ $0[worker] }) else { return }
        entry.child?.requestEnd(within: entry.pool.drainTimeout + killMargin)
    }

    package func kill(_ worker: String) async {
        orphans.withLock { $0[worker] }?.signal(SIGKILL)
        entries.withLock { $0[worker]?.child }?.kill()
    }

    /// The process id of a running worker.
    package func processID(of worker: String) -> Int32? { entries.withLock { $0[worker]?.child?.processID } }

    // MARK: Orphans

    /// Finds what an earlier scaler left, now and every few seconds: another one on this machine may end at any time. Where
    /// workers live on it goes on with them as if it had started them; else it ends them, within the grace that their pools
    /// knew. Their ends are told like any other, so that their jobs go back at once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                // What a dead worker left behind has its id too; one of them stands for all.
                for orphan in await OrphanProcess.find(of: cluster) where adopt(orphan) {
                    group.addTask { await self.follow(orphan) }
                }
                // Only cancellation ends it early.
                try? await Task.sleep(for: Self.orphanInterval)
            }
        }
    }

    private static let orphanInterval = Duration.seconds(5)

    /// - Returns: whether it was not known.
    private func adopt(_ orphan: OrphanProcess) -> Bool {
        orphans.withLock { orphans in
            guard orphans[orphan.worker] == nil else { return false }
            orphans[orphan.worker] = orphan
            return true
        }
    }

    private func follow(_ orphan: OrphanProcess) async {
        report.yield(.started(worker: orphan.worker, pool: orphan.pool))
        // Once more: the first signal may have come before the worker had a handler for it.
        if parentDeath != .livesOn { orphan.requestEnd() }
        guard let wasAsked = await orphan.follow() else { return }
        orphans.withLock { _ = $0.removeValue(forKey: orphan.worker) }
        report.yield(
            .exited(
                worker: orphan.worker, pool: orphan.pool,
                reason: wasAsked
                    ? "its scaler had ended before it" : "how it ended is not known: another scaler had started it",
                isFailure: !wasAsked, ran: orphan.lastRuns))
    }

    private func environment(of worker: String, in pool: PoolPlace, board: RunBoard?) -> [String: String] {
        var marks = OrphanProcess.marks(
            worker: worker, pool: pool.name, cluster: cluster, grace: pool.drainTimeout + killMargin)
        if board != nil { marks[RunBoard.variable] = "3" }
        // A crash must end a worker, not keep it for seconds and print its memory; who wants it says so.
        if environment["SWIFT_BACKTRACE"] == nil { marks["SWIFT_BACKTRACE"] = "enable=no" }
        return environment.merging(marks) { _, own in own }
    }

    /// The environment of this process.
    package static func ownEnvironment() -> [String: String] {
        var own: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { own[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return own
    }

    // MARK: Order of events

    private func noteStart(of worker: String, in pool: PoolPlace, _ child: ChildProcess) {
        entries.withLock { $0[worker]?.child = child }
        report.yield(.started(worker: worker, pool: pool.name))
        let exit = entries.withLock { entries -> ProcessExit? in
            entries[worker]?.isTold = true
            return entries[worker]?.exit
        }
        if let exit { reportExit(of: worker, in: pool, exit) }
    }

    private func noteExit(of worker: String, in pool: PoolPlace, _ status: ProcessExit) {
        let isTold = entries.withLock { entries in
            guard entries[worker]?.isTold == true else {
                entries[worker]?.exit = status
                return false
            }
            return true
        }
        if isTold { reportExit(of: worker, in: pool, status) }
    }

    private func reportExit(of worker: String, in pool: PoolPlace, _ status: ProcessExit) {
        let board = entries.withLock { $0.removeValue(forKey: worker) }?.board
        report.yield(
            .exited(
                worker: worker, pool: pool.name, reason: status.description, isFailure: !status.isSuccess,
                ran: board?.lastRuns ?? .unknown))
    }

    private func logPath(of worker: String) -> String? {
        switch logs {
        case .inherited: nil
        case .directory(let directory): WorkerLogs.path(of: worker, in: directory)
        }
    }

    /// This program, also after its file was replaced by a newer one.
    package static let ownFile = "/proc/self/exe"

    /// 64 random bits: over a million boots the chance of a repetition is 1 in 37 million.
    package static func randomHex() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
