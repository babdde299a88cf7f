import Scaling
import Time

/// One pool whose observation is set by hand, a decision at a time.
struct KnownWorld {
    var policy: Policy
    var state = PolicyState()
    var now = Timestamp.zero
    var waiting = 0
    var inFlight = 0
    var starting = 0
    var busy = 0
    var idle = 0

    /// - Parameter secondsPerJob: of one worker, unbatched.
    init(_ algorithm: Algorithm, secondsPerJob: Double = 0.1, minimum: Int = 0, maximum: Int = 100) {
        policy = Policy(
            algorithm: algorithm,
            models: [
                ModelPolicy(
                    name: "m", pools: ["cpu"], maximumRows: 1,
                    assumedCost: ServiceCost(fixed: .zero, perRow: .microseconds(secondsPerJob * 1e6)))
            ],
            pools: [PoolPolicy(name: "cpu", minimum: minimum, maximum: maximum)])
    }

    @discardableResult
    mutating func look() -> PoolDecision {
        let pool = PoolObservation(
            name: "cpu", starting: Array(repeating: .zero, count: starting), busy: busy, idle: idle)
        let model = ModelObservation(name: "m", waiting: waiting, inFlight: inFlight)
        let seen = Observation(time: now, queuesRead: now, workersRead: now, models: [model], pools: [pool])
        return decide(seen, policy: policy, state: &state).pools[0]
    }

    /// Looks once a second for `seconds`; what is wanted is there, busy, at the next look.
    /// - Returns: what was wanted at each change, in order.
    mutating func pass(_ seconds: Int, busyShare: Double = 1) -> [Int] {
        var counts: [Int] = []
        for _ in 0..<seconds {
            let wanted = look().wanted
            if counts.last != wanted { counts.append(wanted) }
            busy = Int((Double(wanted) * busyShare).rounded())
            idle = wanted - busy
            now = now + .seconds(1)
        }
        return counts
    }
}
