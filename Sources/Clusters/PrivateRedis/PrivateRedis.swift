import CProcess
import Foundation
import Glibc
package import Logging
import ServiceLifecycle
package import Settings
import Synchronization

/// A redis-server of one's own: a child on a unix socket, with an append-only file, that ends with its parent.
///
/// When it dies it is started again over its append-only file, so what was accepted is there again; clients reconnect. How
/// often that is done says `RestartPlan`.
package final class PrivateRedis: Service {
    package let directory: RedisDataDirectory
    private let settings: RedisSettings
    private let processes: ChildProcesses
    private let logger: Logger
    private let program: String
    private let lock: Int32
    private let server = Mutex<ChildProcess?>(nil)

    /// Takes the data directory and starts the server; it may still be loading its data when this returns.
    package init(
        directory: RedisDataDirectory, settings: RedisSettings, processes: ChildProcesses, logger: Logger
    ) async throws {
        self.directory = directory
        self.settings = settings
        self.processes = processes
        self.logger = logger
        program = try Self.findServer()
        try directory.prepare()
        lock = try directory.lock()
        do {
            try await waitForPredecessor()
            try await start()
            try directory.markUsed()
        } catch {
            close(lock)
            throw error
        }
    }

    package var url: String { directory.url }

    /// Keeps the server running until graceful shutdown, then ends it in order.
    package func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.keepRunning() }
        await stop()
    }

    /// Ends the server, which writes what it has not written yet.
    package func stop() async {
        guard let child = server.withLock({ $0.take() }) else { return }
        await child.terminate(within: .seconds(10))
        close(lock)
    }

    private func keepRunning() async throws {
        var plan = RestartPlan()
        var started = ContinuousClock.now
        while !Task.isCancelled {
            guard let child = server.withLock({ $0 }) else { return }
            // Cancelled: the shutdown has begun.
            guard let status = try? await child.exit() else { return }
            try await pause(plan.ended(isKilled: status.isKilled, after: .now - started, at: .now), "\(status)")
            try directory.prepare()
            started = .now
            while !Task.isCancelled {
                do throws(ChildProcessError) {
                    try await start()
                    break
                } catch {
                    try await pause(plan.ended(isKilled: false, after: .zero, at: .now), error.message)
                }
            }
        }
    }

    /// Says what happened and waits as long as the plan says.
    private func pause(_ step: RestartPlan.Step, _ reason: String) async throws(PrivateRedisError) {
        let log = "\(directory.path)/redis.log"
        switch step {
        case .giveUp:
            throw PrivateRedisError(
                "the private Redis does not come back: it ended by itself \(RestartPlan.patience) times in a row (\(reason)); see \(log)"
            )
        case .restart(let delay, let announcement):
            let metadata: Logger.Metadata = ["reason": "\(reason)", "log": "\(log)"]
            switch announcement {
            case .death:
                logger.error("The private Redis ended; it is started again over its data", metadata: metadata)
            case .repetition:
                logger.error(
                    "The private Redis ends again and again; it is started each time, and that is not said any more",
                    metadata: metadata)
            case .nothing: break
            }
            // Only the shutdown ends it early, and the loop sees that.
            try? await Task.sleep(for: delay)
        }
    }

    /// The server of a `spate up` that was killed ends with it, a moment later: it still writes its log, and takes its socket's file
    /// away, which would be that of the next one.
    private func waitForPredecessor() async throws {
        for process in directory.servers {
            let descriptor = spate_pidfd_open(process)
            // It has ended.
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard await SystemProcesses.hasEnded(descriptor, within: Self.predecessorPatience) else {
                throw PrivateRedisError(
                    "a redis-server of an earlier run, process \(process), still runs in \(directory.path); end it, or give this one another directory (--data)"
                )
            }
        }
    }

    private static let predecessorPatience: Duration = .seconds(20)

    private func start() async throws(ChildProcessError) {
        // A socket file that a killed server left would not hurt Redis, but makes the wait for it ambiguous.
        unlink(directory.socketPath)
        let child = try await processes.start(
            ChildProgram(
                path: program, arguments: arguments, environment: ProcessInfo.processInfo.environment,
                logPath: directory.path + "/redis.log"))
        server.withLock { $0 = child }
    }

    /// The log may grow to the memory limit before it is rewritten: everything that passes the queue passes the log, so
    /// the default of 64 MiB rewrites it twice a second at full rate (measured: a third of the throughput). Jobs are
    /// tensors, on which compressing and checking a rewritten log costs more than it saves.
    private var arguments: [String] {
        [
            "--port", "0", "--unixsocket", directory.socketPath, "--unixsocketperm", "700",
            "--dir", directory.path, "--daemonize", "no", "--appendonly", "yes", "--appendfsync",
            settings.durability.rawValue, "--aof-use-rdb-preamble", "yes", "--save", "", "--maxmemory",
            String(settings.maximumMemory), "--maxmemory-policy", "noeviction", "--auto-aof-rewrite-min-size",
            String(max(settings.maximumMemory, 64 << 20)), "--rdbcompression", "no",
        ]
    }

    private static func findServer() throws(PrivateRedisError) -> String {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["SPATE_REDIS_SERVER"], !path.isEmpty { return path }
        let folders =
            (environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/bin", "/usr/local/bin"]
        for folder in folders where access(folder + "/redis-server", X_OK) == 0 { return folder + "/redis-server" }
        throw PrivateRedisError(
            "there is no redis-server on this machine; install it (apt-get install redis-server), or set redis.url to a Redis of yours"
        )
    }
}
