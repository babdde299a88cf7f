import Foundation
package import Jobs
package import Operations
package import Settings
package import Time

/// What an operator can ask and order, over the command line and over the administration API: the same for both.
///
/// It works on Redis alone, so from any machine, whether a scaler runs or not.
package struct OperatorDesk: Sendable {
    package let settings: ClusterSettings
    private let store: any OperatorStore
    private let observer: any QueueObserver
    private let time: any TimeSource
    private let board: (any LoadBoard)?

    package init(
        settings: ClusterSettings, store: any OperatorStore, observer: any QueueObserver, time: any TimeSource,
        board: (any LoadBoard)? = nil
    ) {
        self.board = board
        self.settings = settings
        self.store = store
        self.observer = observer
        self.time = time
    }

    /// The cluster's common time.
    package var now: Timestamp { time.now() }

    // MARK: Orders

    /// Does what is asked.
    /// - Returns: what holds now, in words.
    package func perform(_ request: ControlRequest) async throws -> String {
        let now = time.now()
        if case .clear(let kind, let subject) = request.action {
            let wasSet = try await store.clear(kind, subject)
            let name = subject == ControlEntry.everything ? "all pools" : subject
            guard wasSet else { throw ControlError(.unknown, "no \(kind.rawValue) of \(name) is set") }
            return "the \(kind.rawValue) of \(name) is taken back"
        }
        guard let entry = try request.entry(at: now, in: try await cluster()) else { return "nothing to do" }
        try await store.set(entry)
        return entry.text(at: now)
    }

    package func control() async throws(QueueError) -> [ControlEntry] {
        try await store.control().current(at: time.now())
    }

    private func cluster() async throws(QueueError) -> ControlRequest.Cluster {
        let workers = try await observer.workers()
        return ControlRequest.Cluster(
            pools: Dictionary(
                settings.pools.map { ($0.name, $0.maximumWorkers) }, uniquingKeysWith: { first, _ in first }),
            workers: Dictionary(workers.map { ($0.id, $0.pool) }, uniquingKeysWith: { first, _ in first }))
    }

    // MARK: Questions

    /// What cannot be served, whether it counts now or not.
    package func faults() async throws(QueueError) -> ServingFaults { try await board?.faults() ?? ServingFaults() }

    package func pools() async throws(QueueError) -> PoolsReport {
        let reports = try await observer.workers()
        let control = try await store.control()
        let decisions = try await observer.decisions(newest: 200).compactMap(Self.record)
        return PoolsReport(
            pools: settings.pools, reports: reports, control: control, decisions: decisions, faults: try await faults(),
            at: time.now())
    }

    /// As recorded, newest first.
    /// - Throws: that no pool has the name.
    package func decisions(
        from: Timestamp, to: Timestamp, pool: String?, limit: Int
    ) async throws -> [String] {
        if let pool { try known(pool) }
        // More are read, where some of them are of other pools.
        let read = try await store.decisions(from: from, to: to, limit: pool == nil ? limit : limit * 16)
        guard let pool else { return read }
        return Array(read.filter { Self.record($0)?.pool == pool }.prefix(limit))
    }

    /// Why each pool, or one, had the number of workers that it had at `moment`.
    /// - Throws: that no pool has the name.
    package func why(pool: String?, at moment: Timestamp) async throws -> [Explanation] {
        if let pool { try known(pool) }
        let names = pool.map { [$0] } ?? settings.pools.map(\.name)
        let records = try await newest(of: names, notAfter: moment)
        var explanations: [Explanation] = []
        for name in names {
            guard let record = records[name] else { continue }
            explanations.append(try await explain(record))
        }
        return explanations
    }

    /// The newest decision of each pool that is not after `moment`. A pool that rests is not decided anew for long, while
    /// others fill the record; so it is read page by page, at most 20.
    private func newest(
        of pools: [String], notAfter moment: Timestamp
    ) async throws(QueueError) -> [String: DecisionRecord] {
        let oldest = moment - .seconds(7 * 86_400)
        // An entry is written a moment after its decision.
        var end = moment + .seconds(5)
        var found: [String: DecisionRecord] = [:]
        for _ in 0..<20 where found.count < pools.count {
            let page = try await store.decisions(from: oldest, to: end, limit: 1_000).compactMap(Self.record)
            for record in page
            where pools.contains(record.pool) && found[record.pool] == nil && record.time_ms <= moment.milliseconds {
                found[record.pool] = record
            }
            guard let last = page.last, last.time_ms < end.milliseconds else { break }
            end = Timestamp(microseconds: last.time_ms * 1_000)
        }
        return found
    }

    private func explain(_ record: DecisionRecord) async throws(QueueError) -> Explanation {
        let time = Timestamp(microseconds: record.time_ms * 1_000 + 999)
        guard let look = try await store.look(notAfter: time), look.time.milliseconds == record.time_ms else {
            return Explanation(record, look: nil, policy: nil)
        }
        return Explanation(record, look: look, policy: try await store.policy(look.policy))
    }

    package func cost(from: Timestamp, to: Timestamp) async throws(QueueError) -> CostReport {
        CostReport(try await store.usage(from: from, to: to), from: from, to: to)
    }

    /// The arrivals of each minute, by model.
    package func arrivals(from: Timestamp, to: Timestamp) async throws(QueueError) -> [QueueName: [Int?]] {
        let minutes = Int(min((to - from).components.seconds / 60 + 1, 36 * 1_440))
        var found: [QueueName: [Int?]] = [:]
        for queue in settings.models.compactMap(\.queue) {
            found[queue] = try await store.arrivals(at: queue, from: from, minutes: minutes)
        }
        return found
    }

    private func known(_ pool: String) throws(ControlError) {
        guard !settings.pools.contains(where: { $0.name == pool }) else { return }
        let known = settings.pools.map(\.name).joined(separator: ", ")
        throw ControlError(.unknown, "there is no pool '\(pool)'; the cluster has: \(known)")
    }

    private static func record(_ json: String) -> DecisionRecord? {
        RecordedJSON.value(DecisionRecord.self, from: json)
    }
}
