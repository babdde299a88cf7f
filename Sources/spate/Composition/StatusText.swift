import Foundation
import Gateway

/// The state of a cluster for people.
enum StatusText {
    static func text(_ status: AdminStatus) -> String {
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
        for worker in status.workers {
            let models = worker.models.map { model in
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

    /// `06:31:02 cpu: 2 wanted (1 now): the reason`. A record that is not understood is shown as it is.
    static func decision(_ json: String) -> String {
        guard let record = try? JSONDecoder().decode(Record.self, from: Data(json.utf8)) else { return json }
        let time = record.time_ms.map { milliseconds in
            Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(
                .iso8601.time(includingFractionalSeconds: false))
                + " "
        }
        return
            "\(time ?? "")\(record.pool): \(record.wanted) wanted (\(record.ready + record.starting) now): \(record.reason)"
    }

    private struct Record: Decodable {
        var time_ms: Int64?
        var pool: String
        var wanted: Int
        var ready: Int
        var starting: Int
        var reason: String
    }
}
