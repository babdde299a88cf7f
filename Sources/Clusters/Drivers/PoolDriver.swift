package import Jobs
package import Settings

/// Where workers of pools run, and what happens to them there; the policy is the same for all.
///
/// | the place | is a | what it takes |
/// |---|---|---|
/// | child processes | `WorkerDriver` | start one, drain this one |
/// | containers | `WorkerDriver` | the same |
/// | Kubernetes | `FleetDriver` | a count, and which workers may go |
/// | started by somebody else | `WorkerDriver` that refuses | nothing |
///
/// One consumer reads `events`; for each worker `started` comes before `exited`, and `exited` comes once.
package protocol PoolDriver: Sendable {
    /// What happens to workers, as it happens. Workers that an earlier scaler left are told as `started` too.
    var events: AsyncStream<WorkerEvent> { get }

    /// Why no worker of this pool can run here; `nil` if one can, and while nothing is known yet.
    func unavailability(of pool: PoolSettings) -> String?

    /// Finds what an earlier scaler left and follows all workers, until the task is cancelled. Called once, by the
    /// scaler that leads: one that stands by does not call it, and one that leads again does so with a new driver.
    func run() async

    /// Ends a worker at once, whatever it does. Does nothing for a worker that has ended or is not this driver's.
    func kill(_ worker: String) async

    /// What a worker ran when it ended. Asked once, after its end was told.
    func takeLastRuns(of worker: String) -> LastRuns
}

extension PoolDriver {
    /// For places from which nothing but the end of a worker is heard.
    package func takeLastRuns(of worker: String) -> LastRuns { .unknown }

    /// For drivers that have nothing to follow: returns at once.
    package func run() async {}
}

/// What happened to a worker.
package enum WorkerEvent: Sendable, Equatable {
    case started(worker: String, pool: String)
    /// - Parameter reason: how it ended, in words.
    case exited(worker: String, pool: String, reason: String, isFailure: Bool)
}

/// Why a driver could not do what it was asked.
package struct WorkerDriverError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The workers of this pool are started by somebody else.
        case notOurs
        /// The pool's device, or the place where its workers run, is not here.
        case unavailable
        /// The start itself failed.
        case startFailed
        /// Whoever gave the order may not act any more; nothing was changed.
        case deposed
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
