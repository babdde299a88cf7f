package import Jobs
package import Time

/// Every worker that the scaler knows of: started by its drivers, or seen by its reports. A value; the service acts.
package struct Fleet: Sendable {
    package enum Phase: String, Sendable, Codable {
        /// Can go to: ready, leaving.
        case starting
        /// Can go to: leaving.
        case ready
        /// Asked to drain, or drains of its own accord. Ends.
        case leaving
    }

    package struct Member: Sendable {
        package var pool: String
        package var phase: Phase
        /// Started by one of our drivers, which tells its end. Others are known while they report.
        package var isOurs: Bool
        package var started: Timestamp
        package var report: WorkerReport?
        package var lastReport: Timestamp?
        /// Its lease is over though it was ready: it is frozen, or cut off. Others come in its place; if it reports again
        /// it counts again.
        package var isSilent = false
        /// It leaves because somebody else takes it away (a spot notice, a signal from outside), not by a decision.
        package var isTaken = false
        /// Whether its start-up time is known.
        package var hasStartUp = false
        /// When it last held or settled a job.
        package var lastActive: Timestamp
    }

    /// What the end of a worker means.
    package enum Ending: Sendable, Equatable {
        /// It was asked to leave.
        case left
        /// It ended before it was seen ready. Whether that is a failed start (`noteFailedStart`), its jobs say.
        case failedToStart
        /// It ended while it was ready.
        case died
        /// Not known, or known to have ended already.
        case unknown
    }

    package struct PoolRecord: Sendable {
        package var startUps = StartUpTimes()
        package var succeeded = 0
        package var failed = 0
    }

    package private(set) var members: [String: Member] = [:]
    package private(set) var pools: [String: PoolRecord] = [:]
    /// Workers that were ordered by a count and have not been seen, by pool: when, oldest first.
    package private(set) var orders: [String: [Timestamp]] = [:]
    /// The last workers that ended: a report of theirs that was read before must not revive them.
    private var ended: [String] = []
    private static let endedLimit = 1_024

    package init() {}

    // MARK: What happens

    /// A driver started a worker. A second call, or one after its end, changes nothing; nor does one for the first boot in
    /// a pod from which a later boot reports.
    package mutating func noteStart(_ worker: String, in pool: String, at now: Timestamp) {
        guard !ended.contains(worker) else { return }
        guard members[worker] == nil else {
            members[worker]?.isOurs = true
            return
        }
        guard !hasLaterBoot(worker) else { return }
        noteArrival(in: pool)
        members[worker] = Member(pool: pool, phase: .starting, isOurs: true, started: now, lastActive: now)
    }

    /// A start failed, before there was a worker or before that was ready.
    package mutating func noteFailedStart(in pool: String) { pools[pool, default: PoolRecord()].failed += 1 }

    /// A driver saw a worker end.
    package mutating func noteEnd(_ worker: String) -> Ending {
        guard !ended.contains(worker) else { return .unknown }
        forget(worker)
        guard let member = members.removeValue(forKey: worker) else { return .unknown }
        switch member.phase {
        case .leaving: return .left
        case .ready: return .died
        case .starting: return .failedToStart
        }
    }

    /// A worker of which nothing but its start was seen had taken jobs: it was ready, and died of what it ran.
    package mutating func noteUnseenReady(in pool: String) { pools[pool, default: PoolRecord()].succeeded += 1 }

    /// The worker is asked to leave.
    package mutating func noteLeaving(_ worker: String) { members[worker]?.phase = .leaving }

    /// The worker will be taken away: it leaves, and others come in its place.
    package mutating func noteTaken(_ worker: String) {
        guard members[worker]?.phase != .leaving else { return }
        members[worker]?.phase = .leaving
        members[worker]?.isTaken = true
    }

    /// The reports of all workers whose lease holds.
    /// - Parameter readable: since when they can be read without a gap.
    /// - Returns: the start-up times that became known, by pool.
    package mutating func note(
        _ reports: [WorkerReport], readable: Timestamp? = nil, at now: Timestamp
    ) -> [(pool: String, startUp: Duration)] {
        let readable = readable ?? now
        var startUps: [(pool: String, startUp: Duration)] = []
        var reporting: Set<String> = []
        for report in reports where !ended.contains(report.id) {
            reporting.insert(report.id)
            var member = members[report.id] ?? newMember(of: report, at: now)
            if report.held > 0 || report.settled != member.report?.settled { member.lastActive = now }
            member.report = report
            member.lastReport = now
            member.isSilent = false
            switch report.state {
            case .starting: break
            case .ready: if member.phase == .starting { member.phase = .ready }
            case .draining:
                // Not by our order: that is noted before it is given.
                if member.phase != .leaving { member.isTaken = true }
                member.phase = .leaving
            }
            let own = member.phase == .ready && !member.hasStartUp ? report.startUp : nil
            if own != nil { member.hasStartUp = true }
            members[report.id] = member
            guard let own else { continue }
            // From the order to start, where that is known; its own count begins a little later.
            let startUp = max(report.started + own - member.started, own)
            pools[report.pool, default: PoolRecord()].startUps.add(startUp)
            pools[report.pool, default: PoolRecord()].succeeded += 1
            startUps.append((report.pool, startUp))
        }
        for (worker, member) in members where !reporting.contains(worker) {
            if member.isOurs { noteSilence(of: worker, readable: readable, at: now) } else { members[worker] = nil }
        }
        return startUps
    }

    /// How long leases must have been readable before a missing one counts: after an outage those of living workers have run
    /// out, too. As long as a lease.
    private static let outageGrace = Duration.seconds(5)
    /// And how long one must be missing: workers renew every second, so that one who lives has come back.
    private static let silenceGrace = Duration.seconds(2)

    private mutating func noteSilence(of worker: String, readable: Timestamp, at now: Timestamp) {
        guard let member = members[worker], member.phase == .ready, let last = member.lastReport else { return }
        members[worker]?.isSilent =
            now - last >= Self.silenceGrace && now - readable >= Self.outageGrace
    }

    // MARK: Orders by count

    /// A pool was set to `count` workers that do not leave: those that are not known are on their way.
    package mutating func noteCount(_ count: Int, of pool: String, at now: Timestamp) {
        let known = members.values.count { $0.pool == pool && $0.phase != .leaving }
        let missing = max(count - known, 0)
        let before = orders[pool, default: []].prefix(missing)
        orders[pool] = before + Array(repeating: now, count: missing - before.count)
    }

    /// Gives up what was ordered longer ago than the pool's limit, and what was ordered for a pool that has none (it is no
    /// more): each is a failed start.
    /// - Returns: how many, by pool.
    package mutating func giveUpOrders(
        at now: Timestamp, limits: [String: Duration]
    ) -> [(pool: String, count: Int)] {
        var overdue: [(pool: String, count: Int)] = []
        for (pool, times) in orders.sorted(by: { $0.key < $1.key }) {
            let limit = limits[pool] ?? .zero
            let rest = times.filter { now - $0 <= limit }
            guard rest.count < times.count else { continue }
            orders[pool] = rest
            pools[pool, default: PoolRecord()].failed += times.count - rest.count
            overdue.append((pool, times.count - rest.count))
        }
        return overdue
    }

    /// Whoever does not lead does not know what was ordered.
    package mutating func forgetOrders() { orders = [:] }

    /// Whether anything was ordered that is not seen yet.
    package func awaits(in pool: String) -> Bool { orders[pool]?.isEmpty == false }

    /// A worker that was not known takes the place of the oldest order.
    private mutating func noteArrival(in pool: String) {
        if orders[pool]?.isEmpty == false { orders[pool]?.removeFirst() }
    }

    // MARK: Boots

    /// A worker that is known by its report first. In the place of the first worker of its pod, if that has never
    /// reported: where a pod has no folder that lives as long, each boot is a later one, and the first never comes.
    private mutating func newMember(of report: WorkerReport, at now: Timestamp) -> Member {
        var started = report.started
        if let first = PodWorkerID.firstBoot(of: report.id), let expected = members[first], expected.report == nil,
            expected.pool == report.pool
        {
            started = expected.started
            members[first] = nil
            forget(first)
        } else {
            noteArrival(in: report.pool)
        }
        return Member(pool: report.pool, phase: .starting, isOurs: false, started: started, lastActive: now)
    }

    /// What is told of it from now on changes nothing.
    private mutating func forget(_ worker: String) {
        ended.append(worker)
        if ended.count > Self.endedLimit { ended.removeFirst(ended.count - Self.endedLimit) }
    }

    /// Whether a later boot in the worker's pod reports: then the worker has ended, told or not.
    private func hasLaterBoot(_ worker: String) -> Bool {
        let prefix = worker + "_"
        return members.keys.contains { $0.hasPrefix(prefix) && PodWorkerID.firstBoot(of: $0) == worker }
    }

    // MARK: What it says

    /// Whose workers may be chosen.
    package enum Choice: Sendable {
        /// Those that our drivers told of.
        case ours
        /// Those beside that are in pods, by their ids: a later boot is known by its reports alone, and after a take-over
        /// reports come before what a driver tells.
        case oursOrInPods
    }

    /// Up to `count` ready workers that held nothing in their newest report, longest idle first.
    /// - Parameter protected: workers that must stay.
    package func idle(
        in pool: String, upTo count: Int, of choice: Choice = .ours, protected: Set<String> = []
    ) -> [String] {
        members.filter { worker, member in
            let isEligible =
                switch choice {
                case .ours: member.isOurs
                case .oursOrInPods: member.isOurs || PodWorkerID.isOne(worker)
                }
            return isEligible && member.pool == pool && member.isIdle && !protected.contains(worker)
        }
        .sorted { ($0.value.lastActive, $0.key) < ($1.value.lastActive, $1.key) }
        .prefix(max(count, 0)).map(\.key)
    }

    /// Workers of ours that should be killed: they take far longer to start than any before and do not report that they
    /// load, or report it for longer than any load may take; or they have been silent for so long that their lease is over
    /// and their jobs are with others. Reports count from `readable`, since when they
    /// could be read. Never one whose pod another worker reports from: that one would be killed.
    package func hung(
        at now: Timestamp, readable: Timestamp, startLimit: (_ pool: String) -> Duration,
        loadLimit: (_ pool: String) -> Duration = { _ in .zero }, silence: Duration
    ) -> [String] {
        members.filter { _, member in
            guard member.isOurs else { return false }
            return switch member.phase {
            case .starting:
                now - max(member.lastReport ?? member.started, readable) > startLimit(member.pool)
                    || now - max(member.started, readable) > startLimit(member.pool) + loadLimit(member.pool)
            case .ready: now - max(member.lastReport ?? member.started, readable) > silence
            case .leaving: false
            }
        }.map(\.key).filter { !hasLaterBoot($0) }.sorted()
    }

    /// Workers of ours whose lease is over though they are to work.
    package var silent: Set<String> { Set(members.filter(\.value.isSilent).keys) }

    /// How many workers of the pool a long run keeps from taking jobs of one of the queues.
    package func heldUp(in pool: String, beforeAnyOf waiting: Set<String>) -> Int {
        members.values.count { $0.pool == pool && $0.isHeldUp(beforeAnyOf: waiting) }
    }

    /// The pools in which a worker takes jobs of the queue.
    package func pools(serving queue: QueueName) -> Set<String> {
        Set(
            members.values.filter { $0.phase == .ready && !$0.isSilent && $0.report?.serves(queue) == true }
                .map(\.pool))
    }

    /// Ours that have not ended.
    package var ours: [String] { members.filter(\.value.isOurs).map(\.key).sorted() }
}
