import Scaling
import Time

/// A world around `decide`, a tick at a time: jobs arrive, workers start, become ready, work and are drained as decided.
///
/// One model `m` of 10 ms a job, unbatched, so that one worker does 100 jobs a second; one pool `cpu` unless told
/// otherwise. Time moves in ticks of 250 ms.
struct Story {
    var policy: Policy
    var state = PolicyState()
    var now = Timestamp.zero
    var startUp: Duration
    /// How long starts take from now on, where that differs from what is measured.
    var startsTake: Duration?
    /// Jobs that a worker does in a second.
    let speed = 100.0
    let tick = Duration.milliseconds(250)

    var waiting = 0.0
    /// Jobs submitted by each step, to know the age of the oldest one that waits.
    private var submittedBy: [Double] = []
    private var oldestStep = 0
    private(set) var oldestWait = 0.0
    var submitted = 0
    var starting: [Timestamp] = []
    var ready = 0
    var startsSucceeded = 0
    var startsFailed = 0
    /// Every start fails while this is set.
    var startsFail = false
    /// The queue cannot be read while this is set.
    var isQueueSilent = false
    private var lastRead = Timestamp.zero

    private(set) var decisions: [PoolDecision] = []
    private(set) var observations: [Observation] = []
    private(set) var wholeDecisions: [Decision] = []
    private(set) var workerSeconds = 0.0

    init(
        startUp: Duration = .seconds(1), minimum: Int = 0, maximum: Int = 10, window: Duration? = nil,
        deadline: Duration? = nil
    ) {
        self.startUp = startUp
        policy = Policy(
            scaleInWindow: window,
            models: [
                ModelPolicy(
                    name: "m", pools: ["cpu"], maximumRows: 1,
                    assumedCost: ServiceCost(fixed: .zero, perRow: .milliseconds(10)), deadline: deadline)
            ],
            pools: [PoolPolicy(name: "cpu", minimum: minimum, maximum: maximum, assumedStartUp: startUp)])
    }

    var total: Int { ready + starting.count }
    var last: PoolDecision { decisions[decisions.count - 1] }

    /// Moves on by `duration` with `rate` arrivals a second; `jobs` more arrive at once before.
    mutating func pass(_ duration: Duration, rate: Double = 0, jobs: Int = 0) {
        pass(duration, jobs: jobs) { _ in rate }
    }

    /// As above, with the rate as a function of the seconds passed.
    mutating func pass(_ duration: Duration, jobs: Int = 0, rate: (Double) -> Double) {
        submitted += jobs
        waiting += Double(jobs)
        var elapsed = Duration.zero
        var fraction = 0.0
        while elapsed < duration {
            let arriving = rate(elapsed.seconds) * tick.seconds + fraction
            fraction = arriving - arriving.rounded(.down)
            submitted += Int(arriving)
            waiting += arriving.rounded(.down)
            step()
            elapsed += tick
        }
    }

    mutating func step() {
        now = now + tick
        workerSeconds += Double(total) * tick.seconds
        if startsFail {
            startsFailed += starting.count
            starting.removeAll()
        }
        let takes = startsTake ?? startUp
        let becameReady = starting.count { now - $0 >= takes }
        starting.removeAll { now - $0 >= takes }
        ready += becameReady
        startsSucceeded += becameReady
        let capacity = Double(ready) * speed * tick.seconds
        let inFlight = min(waiting, Double(ready) * 2)
        let busy = min(ready, Int((waiting / max(speed * tick.seconds, 1)).rounded(.up)))
        waiting = max(waiting - capacity, 0)
        submittedBy.append(Double(submitted))
        while oldestStep < submittedBy.count, submittedBy[oldestStep] <= Double(submitted) - waiting { oldestStep += 1 }
        oldestWait = Double(submittedBy.count - oldestStep) * tick.seconds
        if !isQueueSilent { lastRead = now }
        let observation = Observation(
            time: now, queuesRead: lastRead, workersRead: lastRead,
            models: [
                ModelObservation(
                    name: "m", waiting: Int(waiting), inFlight: Int(inFlight), submitted: submitted,
                    oldestWait: waiting >= 1 ? .microseconds(oldestWait * 1e6) : nil)
            ],
            pools: [
                PoolObservation(
                    name: "cpu", starting: starting.map { now - $0 }, busy: busy, idle: ready - busy,
                    startUp: startsSucceeded > 0 ? StartUpTime(median: startUp, slow: startUp) : nil,
                    startsSucceeded: startsSucceeded, startsFailed: startsFailed)
            ])
        let decision = decide(observation, policy: policy, state: &state)
        observations.append(observation)
        wholeDecisions.append(decision)
        decisions.append(contentsOf: decision.pools)
        guard let pool = decision.pools.first else { return }
        for _ in 0..<pool.starts { starting.append(now) }
        ready -= pool.drains
    }

    /// Decisions that started or drained something.
    func moves(since index: Int = 0) -> Int { decisions[index...].count { $0.starts > 0 || $0.drains > 0 } }
}
