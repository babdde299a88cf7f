package import ScalerCore
package import Settings

/// Where workers of pools run, and what happens to them there; the policy is the same for all.
///
/// | the place | `ordering` | what it takes |
/// |---|---|---|
/// | child processes | one by one, kept by who started them | `start`, `drain` |
/// | containers | one by one, kept by who leads | the same |
/// | Kubernetes | by count | `scale`: a count, and which workers may go |
/// | started by somebody else | observed | nothing |
///
/// What a driver cannot be asked for it refuses, which is the default. What it must know of a pool beyond `PoolPlace`, it
/// is given when it is made: the pool's section for this driver.
///
/// One consumer reads `events`; for each worker `started` comes before `exited`, and `exited` comes once.
package protocol PoolDriver: Sendable {
    /// Which orders it takes; always the same.
    var ordering: WorkerOrdering { get }

    /// What happens to workers, as it happens. Workers that an earlier scaler left are told as `started` too.
    var events: AsyncStream<WorkerEvent> { get }

    /// Why no worker of this pool can run here; `nil` if one can, and while nothing is known yet.
    func unavailability(of pool: PoolPlace) -> Unavailability?

    /// Finds what an earlier scaler left and follows all workers, until the task is cancelled. Called once, by the
    /// scaler that leads: one that stands by does not call it, and one that leads again does so with a new driver.
    func run() async

    /// Starts one worker. Returns as soon as it runs, long before it is ready. Several starts may be under way at once.
    /// - Returns: its id, unique per boot and never reused; its reports bear the same.
    func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String

    /// Asks a worker to finish what it holds and leave; it is killed soon after its pool's drain time-out.
    /// Returns at once. Does nothing for a worker that leaves already, has ended or is not this driver's.
    func drain(_ worker: String) async

    /// Makes the pool have `count` workers, those that leave not counted. The count is the whole order: it can be repeated at
    /// will, and a scaler that takes over repeats it without harm.
    ///
    /// - Parameters:
    ///   - count: starting and ready workers together. Already so: nothing happens.
    ///   - idle: workers that may go when there are too many, the first first. The other side prefers them and decides;
    ///     who is chosen drains, whatever it holds. So the count falls by no more workers than are named here and known to
    ///     the driver, and by those that were ordered and never came.
    ///   - authority: how long the caller may still act; `nil`: not any more. Asked before each write, and nothing is sent
    ///     that could arrive later by much.
    /// - Returns: the count as it was and as it is; nothing was written where they are equal.
    /// - Throws: with what the other side said; the count is as it was. After 5 s at most.
    func scale(
        _ pool: PoolPlace, to count: Int, idle: [String], authority: @escaping @Sendable () -> Duration?
    ) async throws(WorkerDriverError) -> CountChange

    /// Ends a worker at once, whatever it does. Does nothing for a worker that has ended or is not this driver's.
    func kill(_ worker: String) async
}

extension PoolDriver {
    /// For drivers that have nothing to follow: returns at once.
    package func run() async {}

    package func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String {
        throw WorkerDriverError(.notOurs, "the workers of pool \(pool.name) are not started one by one")
    }

    package func drain(_ worker: String) async {}

    package func scale(
        _ pool: PoolPlace, to count: Int, idle: [String], authority: @escaping @Sendable () -> Duration?
    ) async throws(WorkerDriverError) -> CountChange {
        throw WorkerDriverError(.notOurs, "the workers of pool \(pool.name) are not ordered by their number")
    }
}

/// A pool as every driver must know it.
package struct PoolPlace: Sendable, Equatable {
    package var name: String
    /// What its workers need of the machine.
    package var device: PoolSettings.Device
    /// How long a draining worker may take before it hands its jobs back. Default 30 s.
    package var drainTimeout: Duration

    package init(name: String = "cpu", device: PoolSettings.Device = .cpu, drainTimeout: Duration = .seconds(30)) {
        self.name = name
        self.device = device
        self.drainTimeout = drainTimeout
    }

    package init(_ settings: PoolSettings) {
        self.init(name: settings.name, device: settings.device, drainTimeout: settings.drainTimeout)
    }
}

/// What became of a pool's count.
package struct CountChange: Sendable, Equatable {
    package var before: Int
    package var now: Int

    package init(before: Int, now: Int) {
        self.before = before
        self.now = now
    }
}
