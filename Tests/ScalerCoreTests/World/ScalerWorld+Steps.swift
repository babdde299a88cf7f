import Jobs
import Operations
import ScalerCore
import Scaling
import Time

/// What happens in the world, one thing at a time.
extension ScalerWorld {
    /// One random thing.
    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<14: now = now + .milliseconds(Int.random(in: 20...400, using: &random))
        case 14: now = now + .seconds(Int.random(in: 1...15, using: &random))
        case 15..<28: beginLook()
        case 28..<42: deliver()
        case 42..<56: if lookFlight.isEmpty { goOn() } else { complete(isOfLook: true) }
        case 56..<62: complete(isOfLook: false)
        case 62..<80: live()
        case 80: if let id = workers.keys.sorted().randomElement(using: &random) { end(id) }
        case 81..<85: if let id = untold.keys.sorted().randomElement(using: &random) { tellEnd(of: id) }
        case 85..<88: tell(.second)
        case 88: changeLeadership()
        case 89: isAway.toggle()
        case 90..<92: setByHand()
        case 92: replan()
        case 93: freeze()
        default: submit()
        }
    }

    mutating func goOn() { if machine.asksForMore, reading == nil { tell(.goOn, isOfLook: true) } }

    private mutating func submit() {
        let count = random.chance(1, in: 8) ? Int.random(in: 1...400, using: &random) : 1
        waiting += count
        submitted += count
    }

    private mutating func changeLeadership() {
        leads = random.chance(2, in: 3)
        if random.chance(1, in: 2) { tell(.term) }
    }

    private mutating func freeze() {
        guard let id = workers.keys.sorted().randomElement(using: &random), workers[id]?.phase == .ready else { return }
        // One that thaws is one too many for a while, which is nobody's fault.
        workers[id]?.isFrozen = true
    }

    private mutating func setByHand() {
        let until = now + .seconds(Int.random(in: 1...20, using: &random))
        let pool = Self.orderings.randomElement(using: &random)?.pool ?? "local"
        let worker = workers.keys.sorted().randomElement(using: &random)
        control.removeAll { !$0.holds(at: now - .seconds(30)) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: control.append(ControlEntry(.pause, pool, set: now, until: until))
        case 1:
            let maximum = plan.pools.first { $0.name == pool }?.maximum ?? 0
            let count = Int.random(in: 0...maximum, using: &random)
            control.removeAll { $0.kind == .override && $0.subject == pool }
            control.append(ControlEntry(.override, pool, count: count, set: now, until: until))
        case 2: if let worker { control.append(ControlEntry(.leave, worker, set: now, until: until)) }
        case 3: control.append(ControlEntry(.reload, "files", set: now, until: until))
        case 4: control = []
        default: if let worker { control.append(ControlEntry(.protect, worker, set: now, until: until)) }
        }
    }

    private mutating func replan() {
        var maxima: [String: Int] = [:]
        for (pool, _) in Self.orderings { maxima[pool] = Int.random(in: 0...6, using: &random) }
        plan = Self.plan(maxima: maxima, minimum: Int.random(in: 0...2, using: &random))
        // An override beyond a new maximum would have been refused.
        control.removeAll { $0.kind == .override && ($0.count ?? 0) > (maxima[$0.subject] ?? 0) }
        tell(.planned(plan))
    }

    /// A worker goes on with its life.
    private mutating func live() {
        if workers.values.count(where: { $0.pool == "pods" && $0.phase != .draining }) < podCount {
            let id = make(in: "pods", isPod: true)
            if random.chance(1, in: 2) { tell(.worker(.started(worker: id, pool: "pods"))) }
        }
        if random.chance(1, in: 60) { _ = make(in: "theirs") }
        guard let id = workers.keys.sorted().randomElement(using: &random), var worker = workers[id] else { return }
        switch worker.phase {
        case .starting: if random.chance(1, in: 2) { worker.phase = .ready }
        case .ready where worker.held == 0 || random.chance(1, in: 3):
            let count = min(waiting, Int.random(in: 1...16, using: &random))
            waiting -= count
            worker.held += count
        case .ready, .draining:
            let count = Int.random(in: 0...worker.held, using: &random)
            worker.held -= count
            worker.settled += count
        }
        workers[id] = worker
        if worker.phase == .draining, worker.held == 0 { end(id) }
    }

    // MARK: Actions carried out

    /// Carries out one of the actions that are under way.
    mutating func complete(isOfLook: Bool) {
        let actions = isOfLook ? lookFlight : flight
        guard let index = actions.indices.randomElement(using: &random) else { return }
        if isOfLook { lookFlight.remove(at: index) } else { flight.remove(at: index) }
        if let result = result(of: actions[index]) { tell(.result(result), isOfLook: isOfLook) }
    }

    mutating func result(of action: ScalerAction) -> ScalerResult? {
        let fails = random.chance(1, in: 12)
        switch action {
        case .note, .wake, .readFiles, .record, .announce, .retry: return nil
        case .start(let pool):
            if fails { return .startFailed(pool: pool, reason: "no") }
            let worker = make(in: pool)
            // The driver's own word may come first.
            if random.chance(1, in: 3) { tell(.worker(.started(worker: worker, pool: pool))) }
            return .started(worker: worker, pool: pool, ordered: now)
        case .drain(let drained, _):
            for worker in drained { workers[worker]?.phase = .draining }
            return nil
        case .scale(let order): return scale(order, fails: fails)
        case .kill(let worker, _):
            end(worker)
            return nil
        case .reap(let worker, let queues, _):
            if isAway || fails { return .reapFailed(worker: worker, reason: "away") }
            let held = owed.removeValue(forKey: worker) ?? 0
            waiting += held
            guard let queue = queues.first, held > 0 else { return .reaped(worker: worker, Reaped()) }
            return .reaped(worker: worker, Reaped(jobs: [queue: held]))
        case .endLeases: return .leasesEnded([])
        case .remove(let entry):
            let before = control.count
            control.removeAll { $0 == entry }
            return .removed(entry, wasThere: control.count < before)
        case .addArrivals(let batch): return fails ? .arrivalsRefused(batch) : nil
        case .addUsage(let amounts, _): return fails ? .usageRefused(amounts) : nil
        case .seekLeader: return .leaderSought(isThere: random.chance(3, in: 4))
        case .sayPoolFault(let fault):
            return fails ? nil : .poolFaultSaid(pool: fault.pool, reason: fault.reason, at: fault.since)
        case .clearPoolFault(let pool): return fails ? nil : .poolFaultCleared(pool: pool)
        }
    }

    private mutating func scale(_ order: CountOrder, fails: Bool) -> ScalerResult {
        if !leads || fails { return .countFailed(order, reason: "no", isDeposed: !leads) }
        let before = podCount
        podCount = order.count
        let there = workers.filter { $0.value.pool == order.pool && $0.value.phase != .draining }.keys.sorted()
        let leaving = (order.idle.filter { there.contains($0) } + there.filter { !order.idle.contains($0) }).prefix(
            max(there.count - order.count, 0))
        for worker in leaving { workers[worker]?.phase = .draining }
        return .counted(order, before: before, now: order.count)
    }

    // MARK: The end

    /// Everything that is under way comes to its end.
    mutating func settle() {
        leads = true
        isAway = false
        for _ in 0..<200 {
            deliver()
            for id in untold.keys.sorted() { tellEnd(of: id) }
            while !lookFlight.isEmpty { complete(isOfLook: true) }
            while !flight.isEmpty { complete(isOfLook: false) }
            goOn()
            if !isLooking, owed.isEmpty, untold.isEmpty { break }
            tell(.second)
        }
    }

    /// The scaler ends, as the service ends it.
    mutating func stop() {
        hasStopped = true
        if random.chance(1, in: 2) { tell(.ending) }
        tell(.stop)
        while !flight.isEmpty { complete(isOfLook: false) }
        for (id, worker) in workers.sorted(by: { $0.key < $1.key }) where worker.phase == .draining {
            // Some do not obey.
            if random.chance(2, in: 3) { end(id) }
        }
        settle()
        tell(.drainTimeOver)
        settle()
        tell(.finish)
    }
}
