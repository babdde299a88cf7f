/// Where jobs wait and workers run them: the queue and the batching of a simulated cluster.
///
/// Two of them: `CohortFloor` moves cohorts, one event a batch, for any size; `JobFloor` runs the production queue model
/// and the production batch assembler job by job, for traces that it can afford and to check the other one by.
/// Times are microseconds since the trace's start.
protocol WorkFloor {
    /// Jobs arrive and are given to idle workers at once.
    mutating func arrive(_ count: Int, priority: UInt8, at now: Int64)
    /// Workers of `pool` became ready.
    mutating func addWorkers(_ count: Int, to pool: Int, at now: Int64)
    /// Idle workers leave.
    /// - Returns: how many there were.
    mutating func removeIdle(_ count: Int, from pool: Int, at now: Int64) -> Int
    /// Workers leave, the idle ones at once, the others as soon as their batch is done (only a plan asks for that).
    /// - Returns: how many left at once.
    mutating func retire(_ count: Int, from pool: Int, at now: Int64) -> Int
    /// Workers are gone, and what they held is given back.
    /// - Returns: how many.
    mutating func kill(share: Double, of pool: Int, at now: Int64) -> Int
    /// When the next batch ends.
    var nextEnd: Int64? { get }
    /// Ends what ends at `now`, lets go who is to retire, and gives the others more.
    mutating func end(at now: Int64)

    func ready(in pool: Int) -> Int
    func busy(in pool: Int) -> Int
    var waiting: Int { get }
    var inFlight: Int { get }
    /// When the job that waits longest arrived.
    var oldestWaiting: Int64? { get }
    var tally: Tally { get set }
}
