import ArgumentParser
import Clusters
import Foundation
import Jobs
import Logging
import Observability
import Operations
import RedisQueue
import Scaler
import Settings
import Time

/// The operator's desk at a running cluster's Redis, for one command.
enum OperatorAccess {
    /// Connects (to the private server of a running `spate up` when the settings have one), does `body` and disconnects.
    static func use<R: Sendable>(
        _ known: OperatorSettings, data: String?,
        _ body: @Sendable (OperatorDesk, RedisQueueObserver) async throws -> R
    ) async throws -> R {
        let queue = try await connect(known.settings, data: data)
        let observer = RedisQueueObserver(queue.connections)
        let store = RedisOperatorStore(queue.connections)
        let board = RedisLoadBoard(queue.connections)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await queue.clock.run() }
            group.addTask { await observer.run() }
            group.addTask { await store.run() }
            group.addTask { await board.run() }
            defer { group.cancelAll() }
            try await queue.clock.measure()
            let completed = try await known.completed(from: store, at: queue.clock.now())
            let settings = try await ServedVersions.read(completed, queue.connections)
            return try await body(
                OperatorDesk(
                    settings: settings, store: store, observer: observer, time: queue.clock, board: board), observer)
        }
    }

    /// Connects, to the private server of a running `spate up` when the settings have one.
    static func connect(_ settings: ClusterSettings, data: String?) async throws -> QueueConnections {
        var quiet = settings.logging
        quiet.level = .error
        let logger = quiet.output(role: "spate").makeLogger()
        var url = settings.redis.url
        if case .private(let directory) = settings.redis.server {
            url = RedisDataDirectory(path: data.map { Self.redisFolder($0) } ?? directory).url
        }
        do {
            return try await QueueConnections.open(settings, url: url, access: .unchecked, logger: logger)
        } catch let error as QueueError where error.code == .unavailable && url != settings.redis.url {
            throw QueueError(
                .unavailable,
                "no cluster runs here (\(error)); start one with `spate up`, or say where it is: --data or --redis")
        }
    }
}

extension OperatorAccess {
    /// Where `spate up --data` keeps its Redis; relative to the working directory, as there.
    static func redisFolder(_ data: String) -> String { URL(fileURLWithPath: data).path + "/redis" }
}

/// What a command to a running cluster knows of it beforehand.
enum OperatorSettings: Sendable {
    case whole(ClusterSettings)
    /// Something is wrong with the file; the cluster runs with what it had read before.
    case partial(ClusterSettings, SettingsError)

    var settings: ClusterSettings {
        switch self {
        case .whole(let settings), .partial(let settings, _): settings
        }
    }

    /// Takes pools and models from the running cluster where the file does not tell them, and says so.
    func completed(from store: any OperatorStore, at now: Timestamp) async throws -> ClusterSettings {
        guard case .partial(let settings, let error) = self else { return self.settings }
        let finding = error.diagnostics.first.map { "\($0)" } ?? "the file is wrong"
        let rest = error.diagnostics.count > 1 ? " (and \(error.diagnostics.count - 1) more; `spate check`)" : ""
        guard let running = try await store.running(over: settings, at: now) else {
            Terminal.error(
                "spate: \(finding)\(rest)\n       no decision is on record, so only what the file tells is known")
            return settings
        }
        Terminal.error(
            "spate: \(finding)\(rest)\n       pools and models are those that the running cluster decided with")
        return running
    }
}

/// What every operator's command takes.
struct OperatorOptions: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The folder that `spate up --data` was given.") var data: String?

    /// Loads the settings and does `body` at the cluster; ends with one clear sentence and a status when that fails.
    func use<R: Sendable>(
        _ body: @Sendable (OperatorDesk, RedisQueueObserver) async throws -> R
    ) async throws -> R {
        let settings = try cluster.loadForOperator(data: data)
        do {
            return try await OperatorAccess.use(settings, data: data, body)
        } catch let error as ControlError {
            Terminal.error("spate: \(error)")
            // sysexits.h: EX_DATAERR for a value out of range, EX_NOINPUT for a name that is not there.
            throw ExitCode(error.code == .unknown ? 66 : 65)
        } catch {
            throw RoleFailure.exit(error)
        }
    }

    /// Does `body` with connections to the cluster's Redis.
    func connect<R: Sendable>(
        _ settings: ClusterSettings, _ body: @Sendable (RedisConnections) async throws -> R
    ) async throws -> R {
        do {
            return try await body(OperatorAccess.connect(settings, data: data).connections)
        } catch {
            throw RoleFailure.exit(error)
        }
    }

    /// Sends a request and prints what holds now.
    func perform(_ request: ControlRequest) async throws {
        try Terminal.result(await use { desk, _ in try await desk.perform(request) })
    }
}

/// A time on the command line, with its unit.
struct DurationArgument: ExpressibleByArgument, Sendable {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Duration(text: argument), duration > .zero else { return nil }
        self.duration = duration
    }
}
