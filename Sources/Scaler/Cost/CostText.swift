import Operations
import Time

extension CostReport {
    /// For people.
    package var text: String {
        let from = Timestamp(microseconds: from_ms * 1_000)
        let to = Timestamp(microseconds: to_ms * 1_000)
        var lines = ["\(MomentText.text(from)) to \(MomentText.text(to)) (whole hours are counted)"]
        if pools.isEmpty { return lines[0] + "\nno worker's time is on record" }
        for pool in pools {
            lines.append(
                "pool     \(pool.name): \(Self.number(pool.worker_seconds)) worker-seconds, money \(Self.money(pool.money));"
                    + " \(pool.jobs) jobs"
                    + (pool.money_per_1000_jobs.map { ", \(Self.money($0)) per 1,000" } ?? ""))
            lines.append(
                "         busy \(share(pool.busy_seconds, of: pool)), idle \(share(pool.idle_seconds, of: pool)),"
                    + " starting \(share(pool.starting_seconds, of: pool)) (\(pool.starts) starts),"
                    + " draining \(share(pool.draining_seconds, of: pool));"
                    + " wasted on idling \(Self.money(pool.idle_money)), on start-ups \(Self.money(pool.start_up_money))"
            )
        }
        for model in models {
            lines.append(
                "model    \(model.model) on \(model.pool): \(model.rows) rows in \(model.batches) batches,"
                    + " computing \(Self.number(model.computing_seconds)) s;"
                    + " share \(Self.number(model.worker_seconds)) worker-seconds, money \(Self.money(model.money))"
                    + (model.money_per_1000_rows.map { ", \(Self.money($0)) per 1,000 predictions" } ?? ""))
        }
        for tenant in tenants {
            lines.append(
                "tenant   \(tenant.tenant): \(tenant.rows) rows, computing \(Self.number(tenant.computing_seconds)) s;"
                    + " share \(Self.number(tenant.worker_seconds)) worker-seconds, money \(Self.money(tenant.money))"
                    + (tenant.money_per_1000_rows.map { ", \(Self.money($0)) per 1,000 predictions" } ?? ""))
        }
        if tenants.isEmpty { lines.append("tenants  no request named one (gateway.tenant_header)") }
        lines.append("total    \(Self.money(money))")
        if let cheapest {
            lines.append(
                "cheapest policy that would have met the objective for \(cheapest.model): \(cheapest.policy)"
                    + " (\(ExplanationText.number(cheapest.attainment * 100)) % in time,"
                    + " \(Self.number(cheapest.worker_seconds)) worker-seconds, money \(Self.money(cheapest.money)))")
        }
        return lines.joined(separator: "\n")
    }

    private func share(_ seconds: Double, of pool: Pool) -> String {
        guard pool.worker_seconds > 0 else { return "0 %" }
        return "\(ExplanationText.number((seconds / pool.worker_seconds * 1_000).rounded() / 10)) %"
    }

    private static func number(_ value: Double) -> String { ExplanationText.number(value) }

    /// Four digits after the point below 1, two from there.
    private static func money(_ value: Double) -> String {
        let digits = abs(value) < 1 ? 10_000.0 : 100
        let rounded = (value * digits).rounded() / digits
        return rounded == 0 ? "0" : "\(rounded)"
    }
}
