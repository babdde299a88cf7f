import Jobs
package import Time

/// What workers cost in a span of time, and where it went.
package struct CostReport: Sendable, Equatable, Codable {
    package struct Pool: Sendable, Equatable, Codable {
        package var name: String
        package var worker_seconds: Double
        package var starting_seconds: Double
        package var idle_seconds: Double
        package var busy_seconds: Double
        package var draining_seconds: Double
        package var starts: Int64
        package var jobs: Int64
        package var money: Double
        /// Money of workers that held nothing.
        package var idle_money: Double
        /// Money of workers that were not ready yet.
        package var start_up_money: Double
        /// `nil` while no job was settled.
        package var money_per_1000_jobs: Double?
    }

    package struct Model: Sendable, Equatable, Codable {
        package var model: String
        package var pool: String
        package var rows: Int64
        package var batches: Int64
        package var computing_seconds: Double
        /// Its share of the pool's worker-seconds, idle and start-up included, by computing time.
        package var worker_seconds: Double
        package var money: Double
        package var money_per_1000_rows: Double?
    }

    package struct Tenant: Sendable, Equatable, Codable {
        package var tenant: String
        package var rows: Int64
        package var computing_seconds: Double
        /// Its share of the pools' worker-seconds, idle and start-up included, by computing time.
        package var worker_seconds: Double
        package var money: Double
        package var money_per_1000_rows: Double?
    }

    /// Stands for the callers that named no tenant.
    package static let withoutTenant = "(none)"

    package var from_ms: Int64
    package var to_ms: Int64
    package var pools: [Pool]
    package var models: [Model]
    /// Empty while no request named a tenant.
    package var tenants: [Tenant]
    package var money: Double
    /// The cheapest policy that would have met the objective; `nil`: it was not asked for, or cannot be found.
    package var cheapest: Cheapest?

    package struct Cheapest: Sendable, Equatable, Codable {
        package var model: String
        /// As `spate simulate --policy` takes it.
        package var policy: String
        package var attainment: Double
        package var worker_seconds: Double
        package var money: Double

        package init(model: String, policy: String, attainment: Double, worker_seconds: Double, money: Double) {
            self.model = model
            self.policy = policy
            self.attainment = attainment
            self.worker_seconds = worker_seconds
            self.money = money
        }
    }

    package init(_ hours: [UsageHour], from: Timestamp, to: Timestamp) {
        from_ms = from.milliseconds
        to_ms = to.milliseconds
        var sums: [UsageKey: Int64] = [:]
        for hour in hours { sums.merge(hour.amounts) { $0 + $1 } }
        pools = Set(sums.keys.map(\.pool)).sorted().map { Pool($0, sums) }
        let byName = Dictionary(pools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let keys = Set(sums.keys.filter { $0.model != nil }.map { UsageKey(.rows, pool: $0.pool, model: $0.model) })
        models = keys.sorted { ($0.model ?? "", $0.pool) < ($1.model ?? "", $1.pool) }
            .compactMap { key in byName[key.pool].map { Model(key, in: $0, sums) } }
        tenants = Self.tenants(models, sums)
        money = pools.reduce(0) { $0 + $1.money }
    }

    /// Divides what each model cost by computing time.
    private static func tenants(_ models: [Model], _ sums: [UsageKey: Int64]) -> [Tenant] {
        let names = Set(sums.keys.compactMap(\.tenant)).sorted()
        guard !names.isEmpty else { return [] }
        var shares = Dictionary(uniqueKeysWithValues: (names + [withoutTenant]).map { ($0, Tenant($0)) })
        for model in models {
            var rest = Tenant(withoutTenant)
            rest.rows = model.rows
            rest.computing_seconds = model.computing_seconds
            for name in names {
                func count(_ amount: UsageKey.Amount) -> Int64 {
                    sums[UsageKey(amount, pool: model.pool, model: model.model, tenant: name)] ?? 0
                }
                var share = Tenant(name)
                share.rows = count(.rows)
                share.computing_seconds = Double(count(.computing)) / 1_000
                rest.rows = max(rest.rows - share.rows, 0)
                rest.computing_seconds = max(rest.computing_seconds - share.computing_seconds, 0)
                shares[name]?.add(share, of: model)
            }
            // Milliseconds that were rounded away are nobody's.
            if rest.rows > 0 { shares[withoutTenant]?.add(rest, of: model) }
        }
        return shares.values.filter { $0.rows > 0 }.sorted { ($1.money, $0.tenant) < ($0.money, $1.tenant) }
    }
}

extension CostReport.Tenant {
    fileprivate init(_ tenant: String) {
        self.init(tenant: tenant, rows: 0, computing_seconds: 0, worker_seconds: 0, money: 0)
    }

    fileprivate mutating func add(_ share: Self, of model: CostReport.Model) {
        let part = model.computing_seconds > 0 ? min(share.computing_seconds / model.computing_seconds, 1) : 0
        rows += share.rows
        computing_seconds += share.computing_seconds
        worker_seconds += model.worker_seconds * part
        money += model.money * part
        money_per_1000_rows = rows > 0 ? money / Double(rows) * 1_000 : nil
    }
}

extension CostReport.Pool {
    fileprivate init(_ name: String, _ sums: [UsageKey: Int64]) {
        func seconds(_ amount: UsageKey.Amount) -> Double { Double(sums[UsageKey(amount, pool: name)] ?? 0) / 1_000 }
        func count(_ amount: UsageKey.Amount) -> Int64 { sums[UsageKey(amount, pool: name)] ?? 0 }
        self.name = name
        starting_seconds = seconds(.starting)
        idle_seconds = seconds(.idle)
        busy_seconds = seconds(.busy)
        draining_seconds = seconds(.draining)
        let total = starting_seconds + idle_seconds + busy_seconds + draining_seconds
        worker_seconds = total
        starts = count(.starts)
        jobs = count(.jobs)
        let money = Double(count(.money)) / 1e6
        self.money = money
        idle_money = total > 0 ? money * idle_seconds / total : 0
        start_up_money = total > 0 ? money * starting_seconds / total : 0
        money_per_1000_jobs = jobs > 0 ? money / Double(jobs) * 1_000 : nil
    }
}

extension CostReport.Model {
    fileprivate init(_ key: UsageKey, in pool: CostReport.Pool, _ sums: [UsageKey: Int64]) {
        func count(_ amount: UsageKey.Amount) -> Int64 {
            sums[UsageKey(amount, pool: key.pool, model: key.model)] ?? 0
        }
        model = key.model ?? ""
        self.pool = key.pool
        rows = count(.rows)
        batches = count(.batches)
        computing_seconds = Double(count(.computing)) / 1_000
        let all = sums.reduce(Int64(0)) { sum, entry in
            let isWhole = entry.key.amount == .computing && entry.key.pool == key.pool && entry.key.tenant == nil
            return isWhole ? sum + entry.value : sum
        }
        let share = all > 0 ? Double(count(.computing)) / Double(all) : 0
        worker_seconds = pool.worker_seconds * share
        money = pool.money * share
        money_per_1000_rows = rows > 0 ? money / Double(rows) * 1_000 : nil
    }
}
