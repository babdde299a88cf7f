import Batching
import Scaling
import Time

/// Jobs as cohorts, workers as counts, one event per group of batches that start together.
///
/// A free worker takes at once what waits, as production workers do: what waits is spread over the free ones, at most
/// the batch size that production's learned cost prefers. Jobs that lie ahead in a busy worker's hands, and batches cut
/// short by one tight deadline, are not modelled here (`JobFloor` has both).
struct CohortFloor: WorkFloor {
    private struct Flight: Sendable {
        var pool: Int32
        var workers: Int32
        var jobs: Int
        var started: Int64
        /// First of its segments in the arena; -1: none.
        var head: Int32
    }

    private struct Link: Sendable {
        var arrival: Int64
        var count: Int
        var next: Int32
    }

    private struct Pool: Sendable {
        var ready = 0
        var busySlots = 0
        var retiring = 0
        var preferredRows: Int
        /// Microseconds by rows, index 0 unused.
        var costs: [Int64]
    }

    private static let largeFleet = 1_000

    private let instances: Int
    private let deadline: Int64?
    private let objective: Int64
    /// Ends of batches are rounded to this many microseconds, so that a large fleet has few events.
    private let grain: Int64
    private var pools: [Pool]
    private var lanes: [CohortLine] = [CohortLine(), CohortLine(), CohortLine()]
    private var returned = CohortLine()
    private var flights = EventHeap<Flight>()
    private var arena: [Link] = []
    private var freeLinks: Int32 = -1
    private(set) var waiting = 0
    private(set) var inFlight = 0
    var tally: Tally

    init(scenario: Scenario) {
        let model = scenario.model
        instances = max(model.cost.instances, 1)
        deadline = model.deadline?.wholeMicroseconds
        objective = model.objective.wholeMicroseconds
        tally = Tally(pools: scenario.pools.count)
        pools = scenario.pools.map { pool in
            let costs = (0...model.maximumRows).map { rows in
                max(Int64(model.cost.batchSeconds(rows: max(rows, 1)) * pool.slowdown * 1e6), 1)
            }
            return Pool(preferredRows: Self.preferredRows(costs, maximum: model.maximumRows), costs: costs)
        }
        let largest = scenario.pools.reduce(0) { max($0, $1.maximum) }
        let shortest = pools.reduce(Int64.max) { min($0, $1.costs[1]) }
        grain = largest >= Self.largeFleet ? max(shortest / 200, 1) : 1
    }

    /// What production's model of service times would choose once it has seen every size.
    private static func preferredRows(_ costs: [Int64], maximum: Int) -> Int {
        var model = ServiceTimeModel()
        var rows = 1
        while rows < maximum {
            model.seed(rows: rows, took: .microseconds(costs[rows]))
            rows *= 2
        }
        model.seed(rows: maximum, took: .microseconds(costs[maximum]))
        return min(max(model.preferredRows(maximum: maximum), 1), maximum)
    }

    // MARK: Looking

    func ready(in pool: Int) -> Int { pools[pool].ready }
    /// A worker with several instances counts as busy for each batch, as long as there are as many workers.
    func busy(in pool: Int) -> Int { min(pools[pool].ready, pools[pool].busySlots) }
    var nextEnd: Int64? { flights.next }

    var oldestWaiting: Int64? {
        var oldest = returned.first?.arrival
        for lane in lanes {
            if let arrival = lane.first?.arrival { oldest = min(oldest ?? arrival, arrival) }
        }
        return oldest
    }

    // MARK: Events

    mutating func arrive(_ count: Int, priority: UInt8, at now: Int64) {
        tally.arrived += count
        waiting += count
        lanes[min(Int(priority), lanes.count - 1)].append(count, arrival: now)
        dispatch(at: now)
    }

    mutating func addWorkers(_ count: Int, to pool: Int, at now: Int64) {
        pools[pool].ready += count
        dispatch(at: now)
    }

    mutating func removeIdle(_ count: Int, from pool: Int, at now: Int64) -> Int {
        let leaving = min(count, pools[pool].ready - busy(in: pool))
        pools[pool].ready -= leaving
        return leaving
    }

    mutating func retire(_ count: Int, from pool: Int, at now: Int64) -> Int {
        let gone = removeIdle(count, from: pool, at: now)
        pools[pool].retiring = min(count - gone, pools[pool].ready)
        return gone
    }

    mutating func kill(share: Double, of pool: Int, at now: Int64) -> Int {
        let ready = pools[pool].ready
        let victims = min(Int((share * Double(ready)).rounded()), ready)
        let busy = busy(in: pool)
        let busyVictims = ready > 0 ? Int((Double(victims) * Double(busy) / Double(ready)).rounded()) : 0
        let slots = pools[pool].busySlots
        let killedSlots = busy > 0 ? busyVictims * slots / busy : 0
        killFlights(slots: killedSlots, of: slots, pool: pool)
        pools[pool].ready -= victims
        dispatch(at: now)
        return victims
    }

    private mutating func killFlights(slots killed: Int, of all: Int, pool: Int) {
        guard killed > 0 else { return }
        var seen = 0
        var done = 0
        var back: [(head: Int32, jobs: Int)] = []
        flights.update { flight in
            guard Int(flight.pool) == pool else { return }
            seen += Int(flight.workers)
            let dead = min(killed * seen / all - done, Int(flight.workers))
            guard dead > 0 else { return }
            done += dead
            let jobs = flight.jobs * dead / Int(flight.workers)
            flight.workers -= Int32(dead)
            flight.jobs -= jobs
            back.append((flight.head, jobs))
        }
        pools[pool].busySlots -= done
        for part in back {
            inFlight -= part.jobs
            waiting += part.jobs
            tally.returned += part.jobs
            var left = part.jobs
            var link = part.head
            while left > 0, link >= 0 {
                let share = min(left, arena[Int(link)].count)
                if share > 0 { returned.append(share, arrival: arena[Int(link)].arrival) }
                arena[Int(link)].count -= share
                left -= share
                link = arena[Int(link)].next
            }
        }
    }

    mutating func end(at now: Int64) {
        while let next = flights.next, next <= now, let event = flights.pop() {
            let flight = event.payload
            let pool = Int(flight.pool)
            var link = flight.head
            while link >= 0 {
                let segment = arena[Int(link)]
                if segment.count > 0 {
                    tally.finish(
                        segment.count, arrival: segment.arrival, started: flight.started, ended: event.at,
                        deadline: objective)
                }
                arena[Int(link)].next = freeLinks
                freeLinks = link
                link = segment.next
            }
            inFlight -= flight.jobs
            let workers = Int(flight.workers)
            pools[pool].busySlots -= workers
            tally.busySeconds[pool] += Double(workers) * Double(event.at - flight.started) / 1e6
            let leaving = min(pools[pool].retiring, workers)
            pools[pool].retiring -= leaving
            pools[pool].ready -= leaving
        }
        if waiting > 0 { dispatch(at: now) }
    }

    // MARK: Dispatch

    private func free(in pool: Int) -> Int { pools[pool].ready * instances - pools[pool].busySlots }

    private mutating func dispatch(at now: Int64) {
        while waiting > 0 {
            var best = 0
            var most = 0
            for pool in pools.indices where free(in: pool) > most {
                best = pool
                most = free(in: pool)
            }
            guard most > 0 else { return }
            dropExpired(at: now, pool: best)
            guard waiting > 0 else { return }
            start(on: best, free: most, at: now)
        }
    }

    private mutating func dropExpired(at now: Int64, pool: Int) {
        guard let deadline else { return }
        let limit = now + pools[pool].costs[1] - deadline
        var dropped = returned.drop(before: limit)
        for lane in lanes.indices { dropped += lanes[lane].drop(before: limit) }
        waiting -= dropped
        tally.expired += dropped
    }

    private mutating func start(on pool: Int, free: Int, at now: Int64) {
        let rows = min(pools[pool].preferredRows, (waiting + free - 1) / free)
        let workers = min(free, (waiting + rows - 1) / rows)
        let jobs = min(waiting, workers * rows)
        var flight = Flight(pool: Int32(pool), workers: Int32(workers), jobs: jobs, started: now, head: -1)
        // Given-back jobs first, then higher classes: the order of the queue model's take.
        var left = jobs
        left -= takeReturned(left, into: &flight)
        for lane in lanes.indices where left > 0 { left -= take(left, fromLane: lane, into: &flight) }
        waiting -= jobs
        inFlight += jobs
        tally.batches += workers
        pools[pool].busySlots += workers
        let end = now + pools[pool].costs[min(rows, pools[pool].costs.count - 1)]
        flights.push(flight, at: grain > 1 ? (end + grain / 2) / grain * grain : end)
    }

    private mutating func takeReturned(_ limit: Int, into flight: inout Flight) -> Int {
        guard returned.count > 0 else { return 0 }
        var line = CohortLine()
        swap(&line, &returned)
        defer { swap(&line, &returned) }
        return take(limit, from: &line, into: &flight)
    }

    private mutating func take(_ limit: Int, fromLane lane: Int, into flight: inout Flight) -> Int {
        var line = CohortLine()
        swap(&line, &lanes[lane])
        defer { swap(&line, &lanes[lane]) }
        return take(limit, from: &line, into: &flight)
    }

    private mutating func take(_ limit: Int, from line: inout CohortLine, into flight: inout Flight) -> Int {
        var head = flight.head
        let taken = line.take(limit) { segment in head = link(segment, before: head) }
        flight.head = head
        return taken
    }

    private mutating func link(_ segment: CohortLine.Segment, before next: Int32) -> Int32 {
        let link = Link(arrival: segment.arrival, count: segment.count, next: next)
        if freeLinks >= 0 {
            let index = freeLinks
            freeLinks = arena[Int(index)].next
            arena[Int(index)] = link
            return index
        }
        arena.append(link)
        return Int32(arena.count - 1)
    }
}
