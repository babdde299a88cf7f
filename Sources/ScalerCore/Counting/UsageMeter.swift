import Jobs
package import Operations
package import Time

/// Adds up what workers' time goes into, by pool and model, from one look to the next.
package struct UsageMeter: Sendable {
    /// Amounts reach the ledger after this time at the latest.
    private static let pause = Duration.seconds(10)
    /// Longer than this nobody looked, and nothing is known of the time between.
    private static let longestGap = Duration.seconds(60)

    private struct Known: Sendable {
        /// Milliseconds that were counted as starting; `nil` once the worker was ready.
        var starting: Double? = 0
        var settled = 0
        var models: [String: WorkerReport.ModelReport] = [:]
    }

    private var last: Timestamp?
    private var flushed: Timestamp?
    private var known: [String: Known] = [:]
    /// Fractions of the units, so that short spans do not round to nothing.
    private var exact: [UsageKey: Double] = [:]

    package init() {}

    /// - Parameter prices: money per worker and hour, by pool.
    /// - Returns: what can go to the ledger now.
    package mutating func note(_ fleet: Fleet, prices: [String: Double], at now: Timestamp) -> [UsageKey: Int64]? {
        defer { last = now }
        guard let last, now - last <= Self.longestGap, now >= last else {
            flushed = now
            known = [:]
            for (worker, member) in fleet.members {
                known[worker] = member.report.map(Self.known)
                known[worker]?.starting = nil
            }
            return nil
        }
        let span = now - last
        if span > .zero {
            for (worker, member) in fleet.members {
                add(member, of: worker, milliseconds: span.seconds * 1_000, prices: prices)
            }
        }
        for (worker, member) in fleet.members {
            if let report = member.report { add(report, of: worker, in: member.pool) }
        }
        known = known.filter { fleet.members[$0.key] != nil }
        guard let flushed, now - flushed >= Self.pause || now < flushed else { return nil }
        self.flushed = now
        return take()
    }

    /// What comes until the next look was somebody else's to count.
    package mutating func restart() { last = nil }

    package mutating func noteStart(in pool: String) { exact[UsageKey(.starts, pool: pool), default: 0] += 1 }

    /// Everything in whole units; fractions stay.
    package mutating func take() -> [UsageKey: Int64] {
        var whole: [UsageKey: Int64] = [:]
        for (key, value) in exact {
            let count = Int64(min(value.rounded(.down), 9e15))
            guard count > 0 else { continue }
            whole[key] = count
            exact[key] = value - Double(count)
        }
        return whole
    }

    package mutating func putBack(_ amounts: [UsageKey: Int64]) {
        for (key, value) in amounts { exact[key, default: 0] += Double(value) }
    }

    private mutating func add(
        _ member: Fleet.Member, of worker: String, milliseconds: Double, prices: [String: Double]
    ) {
        let amount: UsageKey.Amount =
            switch member.phase {
            case .starting: .starting
            case .ready: member.isIdle ? .idle : .busy
            case .leaving: .draining
            }
        var rest = milliseconds
        if amount == .starting {
            known[worker, default: Known()].starting? += milliseconds
        } else if let counted = known[worker, default: Known()].starting {
            // Short start-ups fall between two looks: what of this one is not counted yet comes off this span.
            let startUp = (member.report?.startUp ?? .zero).seconds * 1_000
            let late = min(max(startUp - counted, 0), milliseconds)
            exact[UsageKey(.starting, pool: member.pool), default: 0] += late
            rest -= late
            known[worker, default: Known()].starting = nil
        }
        exact[UsageKey(amount, pool: member.pool), default: 0] += rest
        let price = prices[member.pool] ?? 0
        exact[UsageKey(.money, pool: member.pool), default: 0] += milliseconds / 3_600_000 * price * 1e6
    }

    private mutating func add(_ report: WorkerReport, of worker: String, in pool: String) {
        let before = known[worker] ?? Known()
        known[worker] = Self.known(report)
        known[worker]?.starting = before.starting
        exact[UsageKey(.jobs, pool: pool), default: 0] += Double(max(report.settled - before.settled, 0))
        for model in report.models {
            let old = before.models[model.queue]
            func key(_ amount: UsageKey.Amount) -> UsageKey { UsageKey(amount, pool: pool, model: model.queue) }
            let computing = (model.busy - (old?.busy ?? .zero)).seconds * 1_000
            exact[key(.computing), default: 0] += max(computing, 0)
            exact[key(.rows), default: 0] += Double(max(model.rows - (old?.rows ?? 0), 0))
            exact[key(.batches), default: 0] += Double(max(model.batches - (old?.batches ?? 0), 0))
            for tenant in model.tenants ?? [] {
                let old = old?.tenants?.first { $0.tenant == tenant.tenant }
                func key(_ amount: UsageKey.Amount) -> UsageKey {
                    UsageKey(amount, pool: pool, model: model.queue, tenant: tenant.tenant)
                }
                let computing = (tenant.busy - (old?.busy ?? .zero)).seconds * 1_000
                exact[key(.computing), default: 0] += max(computing, 0)
                exact[key(.rows), default: 0] += Double(max(tenant.rows - (old?.rows ?? 0), 0))
            }
        }
    }

    private static func known(_ report: WorkerReport) -> Known {
        Known(
            settled: report.settled,
            models: Dictionary(report.models.map { ($0.queue, $0) }, uniquingKeysWith: { first, _ in first }))
    }
}
