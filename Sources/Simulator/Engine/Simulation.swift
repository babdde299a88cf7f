import Scaling
import Time

/// Runs one policy over one scenario under simulated time, event by event: arrivals, batches that end, workers that
/// become ready, what goes wrong, and the looks of the scaler, which call the production `decide`.
///
/// The scaler looks every `lookInterval` while anything moves, every second otherwise, and at once when a job arrives
/// in the quiet, as the production service does. The same scenario, policy and seed give the same result.
struct Simulation<Floor: WorkFloor> {
    private let scenario: Scenario
    private let policy: Policy
    private let calendar: [ExpectedArrivals]
    private let start: Timestamp
    private let look: Int64
    private let idleLook: Int64
    private let end: Int64
    private let last: Int64
    private let isPlanned: Bool
    private var floor: Floor
    private var state = PolicyState()
    private var fleets: [SimulatedFleet]
    private var noise: Noise
    private var timeline: Timeline
    private var now: Int64 = 0
    private var nextLook: Int64 = 0
    private var isQuiet = false
    private var decisions = 0
    private var changes = 0
    private var marks: [SimulationResult.Mark] = []

    static var mostMarks: Int { 400 }

    init(scenario: Scenario, policy: Policy, calendar: [ExpectedArrivals] = [], floor: Floor) {
        self.calendar = calendar
        self.scenario = scenario
        self.policy = policy
        self.floor = floor
        start = scenario.trace.start
        look = max(scenario.lookInterval.wholeMicroseconds, 1)
        isPlanned = policy.algorithm.isMade
        idleLook = isPlanned ? look : max(look, 1_000_000)
        end = scenario.trace.duration.wholeMicroseconds
        // What is still unsettled an hour later was forgotten.
        last = end + 3_600_000_000
        fleets = scenario.pools.map(SimulatedFleet.init)
        noise = Noise(seed: scenario.seed)
        timeline = Timeline(end: end)
    }

    mutating func run(label: String) -> SimulationResult {
        var arrival = scenario.trace.cohorts.startIndex
        let cohorts = scenario.trace.cohorts
        let disruptions = scenario.disruptions.sorted { $0.at < $1.at }
        var disruption = 0
        while true {
            let nextArrival = arrival < cohorts.count ? cohorts[arrival].at : Int64.max
            var next = min(nextArrival, floor.nextEnd ?? .max, nextLook, timeline.next)
            for fleet in fleets { next = min(next, fleet.nextReady ?? .max) }
            if disruption < disruptions.count { next = min(next, disruptions[disruption].at.wholeMicroseconds) }
            now = max(next, now)
            if now >= end, nextArrival == .max, isSettled || now >= last { break }
            if let ending = floor.nextEnd, ending <= now { endBatches() }
            becomeReady()
            while disruption < disruptions.count, disruptions[disruption].at.wholeMicroseconds <= now {
                apply(disruptions[disruption])
                disruption += 1
            }
            while arrival < cohorts.count, cohorts[arrival].at <= now {
                floor.arrive(Int(cohorts[arrival].count), priority: cohorts[arrival].priority, at: now)
                timeline.arrived(Int(cohorts[arrival].count))
                if isQuiet { nextLook = now }
                isQuiet = false
                arrival += 1
            }
            if now >= nextLook { decideNow() }
            if now >= timeline.next { sample() }
        }
        accrue()
        return result(label: label)
    }

    private var isSettled: Bool { floor.waiting == 0 && floor.inFlight == 0 }

    private mutating func accrue() {
        for pool in fleets.indices { fleets[pool].accrue(ready: floor.ready(in: pool), until: now) }
    }

    private mutating func endBatches() {
        // Workers leave here only by a plan, so that nothing else needs the cost so far.
        if isPlanned { accrue() }
        floor.end(at: now)
    }

    private mutating func becomeReady() {
        for pool in fleets.indices {
            guard let next = fleets[pool].nextReady, next <= now else { continue }
            fleets[pool].accrue(ready: floor.ready(in: pool), until: now)
            let count = fleets[pool].becomeReady(at: now)
            if count > 0 { floor.addWorkers(count, to: pool, at: now) }
        }
    }

    private mutating func apply(_ disruption: Disruption) {
        guard fleets.indices.contains(disruption.pool) else { return }
        switch disruption.kind {
        case .kill(let share):
            accrue()
            _ = floor.kill(share: share, of: disruption.pool, at: now)
        case .startUpFactor(let factor): fleets[disruption.pool].startUpFactor = factor
        case .startFailures(let share): fleets[disruption.pool].failureShare = share
        }
    }

    // MARK: The scaler

    private mutating func decideNow() {
        let decision = decide(observation(), policy: policy, state: &state)
        decisions += 1
        var hasChanged = false
        for (pool, wanted) in decision.pools.enumerated() {
            let total = floor.ready(in: pool) + fleets[pool].startingCount
            fleets[pool].accrue(ready: floor.ready(in: pool), until: now)
            if wanted.starts > 0 {
                fleets[pool].start(wanted.starts, ready: floor.ready(in: pool), at: now, noise: &noise)
                hasChanged = true
            }
            if isPlanned {
                _ = floor.retire(max(total - wanted.wanted, 0), from: pool, at: now)
            } else if wanted.drains > 0 {
                _ = floor.removeIdle(wanted.drains, from: pool, at: now)
                hasChanged = true
            }
            guard wanted.before != wanted.wanted, marks.count < Self.mostMarks else { continue }
            marks.append(
                .init(
                    seconds: Double(now) / 1e6, pool: wanted.pool, wanted: wanted.wanted,
                    reason: isPlanned ? "as planned" : wanted.reason))
        }
        if hasChanged { changes += 1 }
        let isMoving = !isSettled || fleets.contains { $0.startingCount > 0 }
        isQuiet = !isMoving
        nextLook = now + (isMoving ? look : idleLook)
    }

    private func observation() -> Observation {
        let time = start + .microseconds(now)
        let submitted = floor.tally.arrived
        let model = ModelObservation(
            name: scenario.model.name, waiting: floor.waiting, inFlight: floor.inFlight, due: 0, submitted: submitted,
            oldestWait: floor.oldestWaiting.map { .microseconds(now - $0) },
            rowsPerJob: submitted >= 20 ? 1 : nil, expected: expected(at: time))
        let pools = scenario.pools.indices.map { index in
            let pool = scenario.pools[index]
            let busy = floor.busy(in: index)
            return PoolObservation(
                name: pool.name, starting: fleets[index].ages(at: now), busy: busy,
                idle: floor.ready(in: index) - busy, startUp: fleets[index].measured,
                startsSucceeded: fleets[index].succeeded, startsFailed: fleets[index].failed,
                costs: floor.tally.busySeconds[index] > 0
                    ? [MeasuredCost(model: scenario.model.name, cost: scenario.model.cost(slowdown: pool.slowdown))]
                    : [])
        }
        return Observation(time: time, queuesRead: time, workersRead: time, models: [model], pools: pools)
    }

    /// What the calendar holds from a minute ago to ten minutes ahead.
    private func expected(at time: Timestamp) -> [ExpectedArrivals] {
        guard !calendar.isEmpty else { return [] }
        let index = Int((time - start).seconds / Scenario.calendarGrain.seconds)
        return Array(calendar[min(max(index - 1, 0), calendar.count)..<min(max(index + 11, 0), calendar.count)])
    }

    // MARK: Results

    private mutating func sample() {
        timeline.sample(
            Timeline.Sample(
                waiting: floor.waiting, inFlight: floor.inFlight, starting: fleets.map(\.startingCount),
                ready: fleets.indices.map { floor.ready(in: $0) },
                p95Wait: floor.tally.recentWaits.seconds(atShare: 0.95)))
        floor.tally.recentWaits.reset()
    }

    private func result(label: String) -> SimulationResult {
        let tally = floor.tally
        let pools = fleets.enumerated().map { index, fleet in
            SimulationResult.Pool(
                name: fleet.pool.name, workerSeconds: fleet.workerSeconds,
                cost: fleet.workerSeconds / 3_600 * fleet.pool.pricePerHour, starts: fleet.starts,
                failedStarts: fleet.failed, peak: fleet.peak, busySeconds: tally.busySeconds[index],
                startUpSeconds: fleet.startUpSeconds)
        }
        return SimulationResult(
            scenario: scenario.name, policy: label, jobs: tally.arrived, finished: tally.finished,
            onTime: tally.onTime, expired: tally.expired,
            lost: tally.arrived - tally.finished - tally.expired, returned: tally.returned,
            wait: Percentiles(tally.waits), latency: Percentiles(tally.latencies), pools: pools,
            decisions: decisions, changes: changes, batches: tally.batches, seconds: Double(now) / 1e6,
            elasticity: Elasticity(timeline: timeline, scenario: scenario), timeline: timeline, marks: marks)
    }
}

extension SimulatedModel {
    /// The cost on a pool that takes `slowdown` times as long.
    func cost(slowdown: Double) -> ServiceCost {
        ServiceCost(
            fixed: .microseconds(cost.fixed.seconds * slowdown * 1e6),
            perRow: .microseconds(cost.perRow.seconds * slowdown * 1e6), instances: cost.instances)
    }
}
