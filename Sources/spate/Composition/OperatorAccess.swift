import ArgumentParser
import Clusters
import Foundation
import Jobs
import Logging
import Observability
import RedisQueue
import Scaler
import Settings
import Time

/// The operator's desk at a running cluster's Redis, for one command.
enum OperatorAccess {
    /// Connects (to the private server of a running `spate up` when the settings have one), does `body` and disconnects.
    static func use<R: Sendable>(
        _ settings: ClusterSettings, data: String?,
        _ body: @Sendable (OperatorDesk, RedisQueueObserver) async throws -> R
    ) async throws -> R {
        var quiet = settings.logging
        quiet.level = .error
        let logger = quiet.output(role: "spate").makeLogger()
        var url = settings.redis.url
        if case .private(let directory) = settings.redis.server {
            url = "unix://" + RedisDataDirectory(path: data.map { $0 + "/redis" } ?? directory).socketPath
        }
        let queue: QueueConnections
        do {
            queue = try await QueueConnections.open(settings, url: url, logger: logger)
        } catch let error as QueueError where error.code == .unavailable && url != settings.redis.url {
            throw QueueError(
                .unavailable,
                "no cluster runs here (\(error)); start one with `spate up`, or say where it is: --data or --redis")
        }
        let observer = RedisQueueObserver(queue.connections)
        let store = RedisOperatorStore(queue.connections)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await queue.clock.run() }
            group.addTask { await observer.run() }
            group.addTask { await store.run() }
            defer { group.cancelAll() }
            try await queue.clock.measure()
            return try await body(
                OperatorDesk(settings: settings, store: store, observer: observer, time: queue.clock), observer)
        }
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
        let settings = try cluster.load()
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

    /// Sends a request and prints what holds now.
    func perform(_ request: ControlRequest) async throws {
        Terminal.line(try await use { desk, _ in try await desk.perform(request) })
    }
}

/// A time on the command line, with its unit.
struct DurationArgument: ExpressibleByArgument, Sendable {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Quantities.duration(argument), duration > .zero else { return nil }
        self.duration = duration
    }
}
