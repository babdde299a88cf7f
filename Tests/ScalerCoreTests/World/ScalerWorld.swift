import Jobs
import Operations
import Random
import ScalerCore
import Scaling
import Time

/// Workers, queue, operators and a rival around a scaler's machine, all driven by one seed. Every action is judged at the
/// moment it is asked for, and carried out later, in any order, with or without success.
struct ScalerWorld {
    struct Worker {
        var pool: String
        var phase = Phase.starting
        var held = 0
        var settled = 0
        var started: Timestamp
        /// Its reports do not come any more; others may come in its place.
        var isFrozen = false
        /// The machine asked it to leave.
        var isAsked = false
        enum Phase { case starting, ready, draining }
    }

    /// What a seed met, so that a test that meets nothing is seen.
    struct Tally: Sendable, CustomStringConvertible {
        var starts = 0
        var drains = 0
        var scales = 0
        var kills = 0
        var reaps = 0
        var handovers = 0
        var protected = 0
        var description: String {
            "\(starts) starts, \(drains) drains, \(scales) counts, \(kills) kills, \(reaps) reaps, \(handovers) handovers"
        }
    }

    static let queues = ["m", "n"].compactMap { QueueName(model: $0, version: "1") }
    static let orderings: [(pool: String, ordering: WorkerOrdering)] = [
        ("local", .oneByOne(.starter)), ("boxes", .oneByOne(.leader)), ("pods", .byCount), ("theirs", .observed),
    ]

    var random: SeededGenerator
    var machine: ScalerMachine
    var plan: ScalerPlan
    var now = Timestamp(microseconds: 1_000_000_000)
    var leads = true
    /// Alive, known to the machine or not.
    var workers: [String: Worker] = [:]
    /// Ended, and not told yet.
    var untold: [String: Worker] = [:]
    /// Told to have ended, and its jobs not given back yet: how many.
    var owed: [String: Int] = [:]
    var control: [ControlEntry] = []
    /// As the machine read it last.
    var seenControl = ControlState()
    /// The newest report of each worker that the machine read, and whose came with the last reading.
    var reported: [String: WorkerReport] = [:]
    var reporting: Set<String> = []
    var waiting = 0
    var submitted = 0
    var isAway = false
    var podCount = 0
    /// A look that has read and was not delivered.
    var reading: (event: ScalerEvent, control: ControlState?, reports: [WorkerReport])?
    /// What the look under way asked for, and what others did.
    var lookFlight: [ScalerAction] = []
    var flight: [ScalerAction] = []
    var next = 0
    var hasStopped = false
    var violations: [String] = []
    var tally = Tally()

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        plan = Self.plan(maxima: ["local": 6, "boxes": 4, "pods": 5, "theirs": 3])
        machine = ScalerMachine(plan, at: now)
    }

    static func plan(maxima: [String: Int], minimum: Int = 0) -> ScalerPlan {
        let models = queues.map {
            ModelPolicy(
                name: $0.description, pools: orderings.map(\.pool), maximumRows: 4,
                assumedCost: ServiceCost(fixed: .zero, perRow: .milliseconds(20)))
        }
        return ScalerPlan(
            policy: Policy(
                scaleInWindow: .milliseconds(500), models: models,
                pools: orderings.map {
                    PoolPolicy(
                        name: $0.pool, minimum: min(minimum, maxima[$0.pool] ?? 0), maximum: maxima[$0.pool] ?? 0)
                }),
            pools: orderings.map {
                ScalerPlan.Pool(name: $0.pool, ordering: $0.ordering, maximum: maxima[$0.pool] ?? 0, pricePerHour: 1)
            }, models: queues.map { .init(queue: $0, pools: orderings.map(\.pool), loadBound: .seconds(60)) },
            hasRivals: true, startLimit: .seconds(30), silenceLimit: .seconds(20))
    }

    // MARK: Events

    /// Tells the machine, judges what it asks for and keeps it to be done later.
    mutating func tell(_ event: ScalerEvent, isOfLook: Bool = false) {
        let actions = machine.handle(event, at: now, leads: leads)
        for action in actions {
            judge(action, after: event)
            switch action {
            case .note, .wake: break
            default: if isOfLook { lookFlight.append(action) } else { flight.append(action) }
            }
        }
    }

    /// Whether a look is under way.
    var isLooking: Bool { reading != nil || !lookFlight.isEmpty || machine.asksForMore }

    mutating func beginLook() {
        guard !isLooking, !hasStopped else { return }
        var circumstances = ScalerEvent.Circumstances(faults: ServingFaults())
        if random.chance(1, in: 40) { circumstances.unavailable["local"] = Unavailability("no device", .lasting) }
        if isAway {
            reading = (.unreadable("away", circumstances), nil, [])
            return
        }
        let state = ControlState(control)
        let reports = workers.filter { !$0.value.isFrozen }.sorted { $0.key < $1.key }.map { report($0.key, $0.value) }
        let held = workers.values.reduce(0) { $0 + $1.held }
        let snapshot = QueueSnapshot(
            depth: QueueDepth(waiting: waiting, inFlight: held, due: 0), submitted: submitted, oldestWaiting: nil)
        let isControlRead = !random.chance(1, in: 10)
        reading = (
            .read(
                .init(
                    snapshots: Dictionary(uniqueKeysWithValues: Self.queues.map { ($0, snapshot) }), reports: reports,
                    control: isControlRead ? state : nil), circumstances), isControlRead ? state : nil, reports
        )
    }

    private func report(_ id: String, _ worker: Worker) -> WorkerReport {
        let state: WorkerReport.State =
            switch worker.phase {
            case .starting: .starting
            case .ready: .ready
            case .draining: .draining
            }
        return WorkerReport(
            id: id, pool: worker.pool, state: state, started: worker.started,
            startUp: worker.phase == .starting ? nil : .milliseconds(300), held: worker.held, settled: worker.settled,
            models: Self.queues.map { .init(queue: $0.description, instances: 1, state: .loaded) })
    }

    mutating func deliver() {
        guard let reading else { return }
        self.reading = nil
        if let control = reading.control { seenControl = control }
        if case .read = reading.event {
            for report in reading.reports { reported[report.id] = report }
            reporting = Set(reading.reports.map(\.id))
        }
        tell(reading.event, isOfLook: true)
    }

    // MARK: Workers

    mutating func make(in pool: String, isPod: Bool = false) -> String {
        next += 1
        let digits = String(next, radix: 16)
        let id = isPod ? "pod-\(next)_" + String(repeating: "0", count: 8 - digits.count) + digits : "\(pool)-\(next)"
        workers[id] = Worker(pool: pool, started: now)
        return id
    }

    mutating func end(_ id: String) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        // Nobody tells of theirs; their jobs come back with their lease.
        if worker.pool == "theirs" { waiting += worker.held } else { untold[id] = worker }
    }

    mutating func tellEnd(of id: String) {
        guard let worker = untold.removeValue(forKey: id) else { return }
        owed[id] = worker.held
        tell(
            .worker(
                .exited(
                    worker: id, pool: worker.pool, reason: "signal 9", isFailure: worker.phase != .draining,
                    ran: .unknown)))
    }
}

extension SeededGenerator {
    mutating func chance(_ count: Int, in total: Int) -> Bool { Int.random(in: 0..<total, using: &self) < count }
}
