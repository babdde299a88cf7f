import Jobs
package import Scaling
package import Time

/// The fleet as `Scaling` sees it.
extension Fleet {
    package func observation(
        of pool: String, unavailable: String?, protected: Set<String> = [], waiting: Set<String> = [], at now: Timestamp
    ) -> PoolObservation {
        let record = pools[pool] ?? PoolRecord()
        var seen = PoolObservation(
            name: pool, unavailable: unavailable, startUp: record.startUps.measured,
            startsSucceeded: record.succeeded, startsFailed: record.failed)
        var costs = MeasuredCosts()
        for (worker, member) in members where member.pool == pool {
            switch member.phase {
            case .starting: seen.starting.append(max(now - member.started, .zero))
            case .ready where member.isSilent || member.isHeldUp(beforeAnyOf: waiting): seen.leaving += 1
            case .ready where member.isIdle:
                seen.idle += 1
                if protected.contains(worker) { seen.protected += 1 }
            case .ready: seen.busy += 1
            case .leaving: if member.isTaken { seen.leaving += 1 } else { seen.draining += 1 }
            }
            if let report = member.report { costs.add(report) }
        }
        seen.starting += orders[pool, default: []].map { max(now - $0, .zero) }
        seen.starting.sort()
        seen.costs = costs.measured
        return seen
    }
}

extension Fleet.Member {
    /// Ready, and its newest report says that it holds nothing.
    package var isIdle: Bool { phase == .ready && !isSilent && report?.held == 0 }

    /// A run that takes far longer than was to be expected keeps it from taking jobs of one of the queues.
    package func isHeldUp(beforeAnyOf waiting: Set<String>) -> Bool {
        phase == .ready && report?.models.contains { $0.isHeldUp == true && waiting.contains($0.queue) } == true
    }
}

/// The costs that the workers of a pool measured, averaged by batches.
private struct MeasuredCosts {
    private struct Sum {
        var weight = 0.0
        var fixed = 0.0
        var perRow = 0.0
        var instances = 1
    }
    private var sums: [String: Sum] = [:]

    mutating func add(_ report: WorkerReport) {
        for model in report.models {
            guard let fixed = model.fixedCost, let perRow = model.costPerRow, fixed.isFinite, perRow.isFinite,
                (0..<1e6).contains(fixed), (0..<1e6).contains(perRow), model.instances > 0
            else { continue }
            let weight = Double(min(max(model.batches, 1), 1_000))
            sums[model.queue, default: Sum()].weight += weight
            sums[model.queue, default: Sum()].fixed += weight * fixed
            sums[model.queue, default: Sum()].perRow += weight * perRow
            sums[model.queue, default: Sum()].instances = model.instances
        }
    }

    /// By name, so that equal reports make equal observations.
    var measured: [MeasuredCost] {
        sums.sorted { $0.key < $1.key }.map { model, sum in
            MeasuredCost(
                model: model,
                cost: ServiceCost(
                    fixed: .seconds(sum.fixed / sum.weight), perRow: .seconds(sum.perRow / sum.weight),
                    instances: sum.instances))
        }
    }
}
