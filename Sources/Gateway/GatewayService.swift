import Clocks
import HummingbirdCore
package import Jobs
package import Logging
package import NIOCore
package import Observability
import ServiceLifecycle
package import Settings
package import Time

/// The gateway role: inference protocols on one port, administration on another, one queue behind both.
package struct GatewayService: Service {
    /// Where the gateway listens, told once both ports are bound.
    package struct Addresses: Sendable, Equatable {
        package var host: String
        package var port: Int
        package var adminHost: String
        package var adminPort: Int
    }

    private let settings: GatewaySettings
    private let calls: CallService
    private let queue: any SubmissionQueue
    private let clock: any Clock<Duration>
    private let inference: GatewayRoutes
    private let administration: AdminRoutes
    private let http: HTTPServing
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (Addresses) -> Void

    /// - Parameters:
    ///   - id: unique per boot.
    ///   - serving: what cannot be served, as it is known now; asked with every request.
    ///   - operations: the operator's part of the administration port; `nil`: it only tells.
    ///   - onListening: called once, with the ports that were bound.
    package init(
        id: String, settings: ClusterSettings, catalog: ModelCatalog, queue: any SubmissionQueue,
        observer: any QueueObserver, time: any TimeSource, group: any EventLoopGroup, version: String,
        metrics: MetricsRegistry, operations: AdminOperations? = nil,
        serving: @escaping @Sendable () -> ServingFaults = { ServingFaults() },
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger,
        onListening: @escaping @Sendable (Addresses) -> Void
    ) {
        self.settings = settings.gateway
        self.queue = queue
        self.clock = clock
        self.group = group
        self.logger = logger
        self.onListening = onListening
        let waits = WaitClock(clock)
        calls = CallService(
            gateway: id, settings: settings.gateway, catalog: catalog, queue: queue,
            observer: observer, serving: serving,
            meters: GatewayMeters(in: metrics, models: catalog.models.map(\.settings.name)),
            time: time, clock: waits, logger: logger)
        let codings = ContentCodings()
        http = HTTPServing(settings.gateway, codings: codings, metrics: metrics, logger: logger)
        inference = GatewayRoutes(
            door: FrontDoor(
                catalog: catalog, calls: calls, queue: queue, observer: observer, settings: settings.gateway,
                codings: codings, serverVersion: version, clock: waits))
        administration = AdminRoutes(
            catalog: catalog, pools: settings.pools, observer: observer, time: time, metrics: metrics,
            operations: operations, hosts: AdminHosts(settings.gateway), serving: serving,
            isUnavailable: { [calls] in calls.fault(of: $0) != nil })
    }

    /// Serves until graceful shutdown: then no new connection is taken, running calls end, and it returns.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await serve()
        } onGracefulShutdown: {
            // Runs beside the drain and ends with the process: callers that wait for very long get their job's id.
            Task {
                calls.releaseCallers(isQueueAway: await waitForCallers(by: clock))
            }
        }
    }

    /// How long running calls may take after a shutdown began.
    private static let callersGrace: Duration = .seconds(15)
    /// How long the queue may take then to say that it is there.
    private static let queuePatience: Duration = .seconds(2)

    /// Returns when callers are to wait no longer: after their grace, or once the queue is away, from which no answer can come.
    /// - Returns: whether the queue is away.
    private func waitForCallers(by clock: some Clock<Duration>) async -> Bool {
        let end = clock.now.advanced(by: Self.callersGrace)
        while clock.now < end {
            // Only the end of the process cancels it.
            try? await clock.sleep(for: .seconds(1))
            if await isQueueAway() { return true }
        }
        return false
    }

    /// Whether the queue does not say in time that it is there. One that takes no jobs may give answers all the same.
    private func isQueueAway() async -> Bool {
        // Not a group's children: what was sent to a Redis that hangs ends by its own time-out only.
        let (answers, answer) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingOldest(1))
        let asking = Task {
            do throws(QueueError) {
                try await queue.verify()
                answer.yield(false)
            } catch {
                answer.yield(error.code == .unavailable)
            }
        }
        let patience = Task {
            try await clock.sleep(for: Self.queuePatience)
            answer.yield(true)
        }
        defer {
            asking.cancel()
            patience.cancel()
        }
        return await answers.first { _ in true } ?? true
    }

    private func serve() async throws {
        let ports = PortCollector(settings, onListening: onListening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let replies = Task { await calls.run() }
            // Replies must flow until the last running call is answered, so they end after the listeners.
            defer { replies.cancel() }
            group.addTask {
                try await HTTPListener(
                    .inference(settings), serving: http, group: self.group, logger: logger,
                    onListening: { ports.bound(main: $0) }, respond: { await inference.respond(to: $0, from: $1) }
                ).run()
            }
            group.addTask {
                try await HTTPListener(
                    .administration(settings), serving: http, group: self.group, logger: logger,
                    onListening: { ports.bound(admin: $0) },
                    respond: { request, _ in await administration.respond(to: request) }
                ).run()
            }
            // The first failure (a port that is taken) ends the other listener, too; `waitForAll` would wait for it.
            while try await group.next() != nil {}
        }
    }
}

extension HTTPListener.Endpoint {
    /// The inference port; health checks are answered though there are too many connections.
    static func inference(_ settings: GatewaySettings) -> Self {
        Self(
            host: settings.host, port: settings.port, hostSetting: "host", portSetting: "port",
            maximumBody: settings.maximumBody, isVital: { $0.uri.path.hasPrefix("/v2/health/") })
    }

    /// Administration, which is answered always: an operator looks at it when there are too many connections.
    static func administration(_ settings: GatewaySettings) -> Self {
        Self(
            host: settings.adminHost, port: settings.adminPort, hostSetting: "admin_host", portSetting: "admin_port",
            maximumBody: 0, isVital: { _ in true })
    }
}
