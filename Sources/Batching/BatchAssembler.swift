package import Time

/// Decides which waiting requests run together, and when: a value that is told what happens and answers with
/// what to do. It counts rows, not requests; keeps groups of compatible shape apart; cuts large requests
/// into parts; never runs what is expired; and learns what a batch costs to choose how large to make it.
///
/// With the default policy (`maximumDelay` zero) a free instance never waits: batches form by themselves,
/// because rows gather while all instances are busy.
///
/// Example: one instance, fixed cost 15 µs, 5 µs per row, preferred size 64.
///
/// | time | event | decision |
/// |---|---|---|
/// | 0 µs | A arrives (1 row) | run {A}, `idle` |
/// | 5 µs | B, C, D arrive | nothing: the instance is busy |
/// | 20 µs | A is done | run {B, C, D}, `idle` |
///
/// The caller confines it (an actor, a lock, a simulation) and does what the decisions say.
package struct BatchAssembler<ID: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    package typealias Item = BatchItem<ID, Group>

    /// What to do now.
    package struct Decision: Sendable {
        /// To be started at once, each on a free instance.
        package var batches: [Batch<ID, Group>] = []
        /// Will not run (any more): their deadline passed, or is earlier than the fastest run ever seen (of several).
        package var expired: [ID] = []
        /// When to call `tick` if nothing else happens before; `nil`: no need.
        package var wakeUp: Timestamp?
    }

    /// Which batches may be formed.
    package enum Forming: Sendable, Equatable {
        case everything
        /// What comes waits; what is due still expires.
        case nothing
        /// Of one group, at once and without waiting for company.
        case only(Group)
    }

    /// What waits in one group, and what is known of its cost.
    struct Lane: Sendable {
        var group: Group
        var line = WaitingLine<ID>()
        var model: ServiceTimeModel
        var sizer = BatchSizer()
        var gap = ArrivalGap()
        /// Items of the `add` that is being taken in.
        var arrivals = 0
        /// The batch number when it last took part, for eviction.
        var lastUsed: UInt64 = 0
        var lastRuns = LastRuns()
    }

    /// When nothing of a size has run for this long, an item that looks hopeless by what is known of the size is run
    /// on a free instance, to find out whether it still holds. Else a worker whose first runs were held up from
    /// outside would expire everything for good.
    package static var probeInterval: Duration { .seconds(1) }

    /// Groups come from the shapes that clients send: what is learned of more than this many is forgotten,
    /// the least recently used first. A group with waiting items is never evicted.
    package static var maximumIdleGroups: Int { 64 }

    package var policy: BatchingPolicy
    /// The cost of groups that have not run yet.
    package private(set) var baseline = ServiceTimeModel()
    /// Instances without a batch.
    package private(set) var freeInstances: Int
    package private(set) var isDraining = false
    /// Counts from the next event on; what runs goes on.
    package var forming = Forming.everything

    var lanes: [Lane] = []
    private var laneIndex: [Group: Int] = [:]
    private var itemSequence: UInt64 = 0
    var batchNumber: UInt64 = 0
    private var rowsPerItem = 1.0

    package init(policy: BatchingPolicy) {
        self.policy = policy
        freeInstances = policy.instances
    }

    // MARK: Events

    /// Items were taken from the queue, in this order.
    package mutating func add(_ items: some Collection<Item>, now: Timestamp) -> Decision {
        for item in items { insert(item) }
        for index in lanes.indices where lanes[index].arrivals > 0 {
            lanes[index].gap.arrived(lanes[index].arrivals, at: now)
            lanes[index].arrivals = 0
        }
        return decide(now)
    }

    package mutating func add(_ item: Item, now: Timestamp) -> Decision { add(CollectionOfOne(item), now: now) }

    /// A batch came back after `duration`, so its instance is free and its cost is known.
    package mutating func finished(
        _ group: Group, rows: Int, took duration: Duration, now: Timestamp
    ) -> Decision {
        observe(group, rows: rows, took: duration)
        return instanceBecameFree(now: now)
    }

    /// An instance is free again, for a reason that says nothing of the cost (its batch failed).
    package mutating func instanceBecameFree(now: Timestamp) -> Decision {
        freeInstances = min(policy.instances, freeInstances + 1)
        return decide(now)
    }

    /// Nothing happened but time.
    package mutating func tick(now: Timestamp) -> Decision { decide(now) }

    /// What became of an item that was removed.
    package enum Removal: Sendable, Equatable {
        /// It waited; no row of it has run or will run.
        case waiting
        /// Some of its rows are in batches already; the rest is dropped.
        case partlyStarted
        /// It is not here: all in batches, or never added.
        case notWaiting
    }

    /// An item was cancelled. O(waiting items).
    package mutating func remove(_ id: ID) -> Removal {
        for index in lanes.indices {
            if let item = lanes[index].line.remove(where: { $0.id == id }).first {
                return item.started == 0 ? .waiting : .partlyStarted
            }
        }
        return .notWaiting
    }

    /// How a drain treats what has not started.
    package enum Drain: Sendable {
        /// It is given back; only large items of which a part has run are finished.
        case handingBack
        /// It runs, without waiting for company.
        case finishing
    }

    /// No more items will come.
    /// - Returns: what to do, and the items to give back.
    package mutating func drain(_ mode: Drain, now: Timestamp) -> (decision: Decision, returned: [ID]) {
        isDraining = true
        var returned: [ID] = []
        if case .handingBack = mode {
            for index in lanes.indices {
                returned += lanes[index].line.remove(where: { $0.started == 0 }).map(\.id)
            }
        }
        return (decide(now), returned)
    }

    /// From now on an item is one row, whatever it holds, and runs by itself: its rows were not what they seemed.
    ///
    /// - Returns: the items that waited, which are to be added anew, and whether some rows of one are in batches already.
    package mutating func runItemsAlone() -> [(id: ID, removal: Removal)] {
        policy.maximumRows = 1
        rowsPerItem = 1
        var removed: [(id: ID, removal: Removal)] = []
        for index in lanes.indices {
            removed += lanes[index].line.remove(where: { _ in true }).map {
                ($0.id, $0.started == 0 ? .waiting : .partlyStarted)
            }
        }
        return removed
    }

    // MARK: Cost

    /// Takes in a cost that was measured before the first item (a warm-up run).
    package mutating func seed(rows: Int, took duration: Duration) { baseline.seed(rows: rows, took: duration) }

    /// Takes in the cost of a batch without freeing an instance (a rerun of a part of a failed batch).
    package mutating func observe(_ group: Group, rows: Int, took duration: Duration) {
        baseline.observe(rows: rows, took: duration)
        guard let index = laneIndex[group] else { return }
        lanes[index].model.observe(rows: rows, took: duration)
    }

    /// The fitted cost over all groups, for the worker's report.
    package var cost: LinearCost? { baseline.line }

    /// What is known of the cost of `group`: its own, or that of all groups until it has run.
    package func model(of group: Group) -> ServiceTimeModel {
        laneIndex[group].map { lanes[$0].model } ?? baseline
    }

    // MARK: Size

    /// Rows that wait.
    package var waitingRows: Int { lanes.reduce(0) { $0 + $1.line.rows } }
    /// Items that wait or of which a part waits.
    package var waitingItems: Int { lanes.reduce(0) { $0 + $1.line.count } }

    /// Groups of which something waits or is known.
    package var groupCount: Int { lanes.count }

    /// How many more items to take from the queue now: what free instances can start at once, plus the work
    /// that keeps each instance busy for `policy.ahead` (one batch at least, four at most), less what waits.
    ///
    /// - Example: two instances, both busy, preferred size 1, 4.5 ms per row, nothing waits: 2 items.
    package var appetite: Int {
        guard !isDraining else { return 0 }
        let preferred = baseline.preferredRows(maximum: policy.maximumRows)
        var ahead = preferred
        if let seconds = baseline.expectedSeconds(rows: preferred), seconds > 0 {
            let batches = (policy.ahead.seconds / seconds).rounded(.up)
            ahead = preferred * Int(min(4, max(1, batches)))
        }
        let rows = policy.instances * ahead + freeInstances * preferred - waitingRows
        return rows <= 0 ? 0 : max(1, Int(Double(rows) / rowsPerItem))
    }

    // MARK: Private

    private mutating func insert(_ item: Item) {
        let index = lane(for: item.group)
        itemSequence += 1
        lanes[index].arrivals += 1
        rowsPerItem += 0.05 * (Double(item.rows) - rowsPerItem)
        lanes[index].line.insert(
            .init(
                id: item.id, rows: item.rows, started: 0, priority: item.priority,
                due: item.deadline ?? item.enqueued + policy.impliedPatience, sequence: itemSequence,
                enqueued: item.enqueued, deadline: item.deadline))
    }

    private mutating func lane(for group: Group) -> Int {
        if let index = laneIndex[group] { return index }
        if lanes.count >= Self.maximumIdleGroups { evict() }
        lanes.append(Lane(group: group, model: baseline.withoutLeastTimes(), lastUsed: batchNumber))
        laneIndex[group] = lanes.count - 1
        return lanes.count - 1
    }

    private mutating func evict() {
        let idle = lanes.indices.filter { lanes[$0].line.isEmpty }
        guard let oldest = idle.min(by: { lanes[$0].lastUsed < lanes[$1].lastUsed }) else { return }
        laneIndex[lanes[oldest].group] = nil
        let last = lanes.removeLast()
        guard oldest < lanes.count else { return }
        lanes[oldest] = last
        laneIndex[last.group] = oldest
    }

    /// Marks an instance as busy.
    mutating func occupyInstance() { freeInstances -= 1 }
}
