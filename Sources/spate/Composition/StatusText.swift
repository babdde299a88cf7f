import Foundation
import Gateway
import Scaler
import Time

/// The state of a cluster for people.
enum StatusText {
    /// - Parameter byHand: what operators have set (pauses, overrides, protections), in words.
    static func text(_ status: AdminStatus, byHand: [String] = []) -> String {
        var lines: [String] = []
        for (name, queue) in status.queues.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "queue    \(name): \(queue.waiting) waiting, \(queue.in_flight) in flight, \(queue.due) due, \(queue.submitted) submitted ever"
            )
        }
        for (name, pool) in status.pools.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "pool     \(name) (\(pool.device)): \(pool.ready) ready, \(pool.starting) starting, \(pool.draining) draining; \(pool.minimum) to \(pool.maximum) workers"
            )
        }
        lines += byHand.map { "by hand  \($0)" }
        for fault in status.faults ?? [] {
            lines.append("cannot   serve \(fault.queue ?? "anything") in pool \(fault.pool): \(fault.reason)")
        }
        for worker in status.workers {
            let models = worker.models.map { model in
                if model.state == "loading" { return "\(model.queue) is loading" }
                if model.state == "failed" { return "\(model.queue) failed" }
                let cost = model.row_cost_ms.map {
                    String(format: ", %.2f ms + %.2f ms a row", model.fixed_cost_ms ?? 0, $0)
                }
                return "\(model.queue) \(model.rows) rows in \(model.batches) batches\(cost ?? "")"
            }
            lines.append(
                "worker   \(worker.id) \(worker.state): \(worker.held) held, \(worker.settled) settled, \(worker.memory_bytes >> 20) MiB; \(models.joined(separator: "; "))"
            )
        }
        if !status.decisions.isEmpty { lines.append("newest decisions:") }
        lines += status.decisions.map { "  " + decision($0.text) }
        return lines.joined(separator: "\n")
    }

    /// `2026-06-01 06:31:02Z cpu: 2 workers (1 before, start 1): the reason`. A record that is not understood is shown as it is.
    static func decision(_ json: String) -> String {
        // As said above.
        guard let record = try? JSONDecoder().decode(Record.self, from: Data(json.utf8)) else { return json }
        let time = record.time_ms.map { MomentText.text(Timestamp(microseconds: $0 * 1_000)) + " " }
        return "\(time ?? "")\(record.pool): \(record.reason)"
    }

    private struct Record: Decodable {
        var time_ms: Int64?
        var pool: String
        var reason: String
    }
}
