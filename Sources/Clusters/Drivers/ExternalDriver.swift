package import ScalerCore

/// For pools whose workers somebody else starts and ends (compose, Kubernetes): the scaler observes, and says how
/// many it would want.
package struct ExternalDriver: PoolDriver {
    package let ordering = WorkerOrdering.observed
    /// Ends at once: nothing is known of workers but what they report.
    package let events: AsyncStream<WorkerEvent>

    package init() {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        continuation.finish()
        events = stream
    }

    /// Always `nil`: only the other side knows its machines.
    package func unavailability(of pool: PoolPlace) -> Unavailability? { nil }

    package func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String {
        throw WorkerDriverError(
            .notOurs, "pool \(pool.name) has the external driver: start `spate worker --pool \(pool.name)` yourself")
    }

    package func kill(_ worker: String) async {}
}
