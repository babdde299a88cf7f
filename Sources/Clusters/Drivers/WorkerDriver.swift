package import Settings

/// Starts and ends the workers of pools, in one kind of place; the policy is the same for all.
///
/// One consumer reads `events`; for each worker `started` comes before `exited`, and `exited` comes once.
package protocol WorkerDriver: Sendable {
    /// What happens to workers, as it happens.
    var events: AsyncStream<WorkerEvent> { get }

    /// Why no worker of this pool can run here; `nil` if one can.
    func unavailability(of pool: PoolSettings) -> String?

    /// Starts one worker. Returns as soon as it runs, long before it is ready.
    /// - Returns: its id, unique per boot and never reused; its reports bear the same.
    func start(in pool: PoolSettings) async throws(WorkerDriverError) -> String

    /// Asks a worker to finish what it holds and leave; it is killed soon after its pool's drain time-out.
    /// Does nothing for a worker that has ended or is not this driver's.
    func drain(_ worker: String) async

    /// Ends a worker at once, whatever it does.
    func kill(_ worker: String) async
}

/// What happened to a worker.
package enum WorkerEvent: Sendable, Equatable {
    case started(worker: String, pool: String)
    /// - Parameter reason: how it ended, in words.
    case exited(worker: String, pool: String, reason: String, isFailure: Bool)
}

/// Why a driver could not start a worker.
package struct WorkerDriverError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The workers of this pool are started by somebody else.
        case notOurs
        /// The pool's device is not here.
        case unavailable
        /// The start itself failed.
        case startFailed
    }
    package var code: Code
    /// What failed, for which pool, what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
