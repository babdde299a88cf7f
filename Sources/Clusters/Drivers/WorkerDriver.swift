package import Settings

/// Starts and ends workers one by one.
package protocol WorkerDriver: PoolDriver {
    /// Starts one worker. Returns as soon as it runs, long before it is ready. Several starts may be under way at once.
    /// - Returns: its id, unique per boot and never reused; its reports bear the same.
    func start(in pool: PoolSettings) async throws(WorkerDriverError) -> String

    /// Asks a worker to finish what it holds and leave; it is killed soon after its pool's drain time-out.
    /// Returns at once. Does nothing for a worker that leaves already, has ended or is not this driver's.
    func drain(_ worker: String) async
}
