import ServiceLifecycle

/// A loop that only cancellation ends, as a service: it ends at its turn of the graceful shutdown.
struct LoopService: Service {
    let body: @Sendable () async -> Void

    init(_ body: @escaping @Sendable () async -> Void) { self.body = body }

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
    }
}
