import Scaling
import Time

/// The dynamic program of `Oracle`, for the plan or for the bound.
struct OracleProgram {
    private let grid: OracleGrid
    /// Quanta that have arrived before each step, and those that must be done by its end.
    private let arrived: [Int]
    private let due: [Int]
    private let startUp: Double
    private let lookAhead: Double
    private let factors: [(from: Int, factor: Double)]
    private let kills: [Int: Double]
    private static let penalty: Float = 1_000

    init(scenario: Scenario, pool: SimulatedPool, grid: OracleGrid, isBound: Bool, margin: Double, closing: Double) {
        self.grid = grid
        let step = grid.step
        let model = scenario.model
        let perJob =
            isBound
            ? model.fullBatchSecondsPerRow * pool.slowdown
            : model.cost.batchSeconds(rows: model.maximumRows) * pool.slowdown
                / Double(model.maximumRows * model.cost.instances)
        let quantum = step * Double(grid.unit)
        let batch = model.cost.batchSeconds(rows: model.maximumRows) * pool.slowdown
        let deadline =
            isBound ? model.objective.seconds + step : max(model.objective.seconds - step - batch - margin, step)
        let quanta = Quanta(
            trace: scenario.trace, perJob: perJob, quantum: quantum, step: step, steps: grid.steps, deadline: deadline,
            closing: isBound ? nil : closing)
        arrived = quanta.arrived
        due = quanta.due
        startUp = pool.startUp.seconds
        lookAhead = isBound ? 0 : scenario.lookInterval.seconds + 0.05
        var factors: [(from: Int, factor: Double)] = []
        var kills: [Int: Double] = [:]
        for disruption in scenario.disruptions where scenario.pools.indices.contains(disruption.pool) {
            guard scenario.pools[disruption.pool].name == pool.name else { continue }
            let at = Int(disruption.at.seconds / step)
            switch disruption.kind {
            case .kill(let share): kills[at] = share
            case .startUpFactor(let factor): factors.append((at, factor))
            case .startFailures: break
            }
        }
        self.factors = factors
        self.kills = kills
    }

    /// Seconds that a worker which is to be ready at `step` takes to start.
    private func startSeconds(readyAt step: Int) -> Double {
        var seconds = startUp
        for change in factors.sorted(by: { $0.from < $1.from }) {
            // It must be ordered before the change to be as quick as before it.
            if step > change.from { seconds = max(seconds, startUp * change.factor) }
        }
        return seconds + lookAhead
    }

    func startSteps(readyAt step: Int) -> Int { Int((startSeconds(readyAt: step) / grid.step).rounded(.up)) }

    /// Units that are left of `units` when `step` begins.
    func kept(_ units: Int, at step: Int) -> Int {
        guard let share = kills[step] else { return units }
        return units - Int((share * Double(units)).rounded())
    }

    /// - Returns: ready units by step, and what they cost in worker-seconds, starts included.
    func solve() -> (ready: [Int], seconds: Double) {
        let width = grid.backlog + 1
        let height = grid.most + 1
        var value = [Float](repeating: 0, count: width * height)
        var best = [Float](repeating: 0, count: width * height)
        var choices = [UInt8](repeating: 0, count: grid.steps * width * height)
        for step in stride(from: grid.steps - 1, through: 0, by: -1) {
            backward(step, value: value, best: &best, choices: &choices)
            swap(&value, &best)
        }
        return forward(choices)
    }

    /// value[units after the step][backlog] becomes best[units before it][backlog].
    private func backward(_ step: Int, value: [Float], best: inout [Float], choices: inout [UInt8]) {
        let width = grid.backlog + 1
        let height = grid.most + 1
        let arriving = arrived[step] - (step > 0 ? arrived[step - 1] : 0)
        // Backlog that may be left at the step's end: what has arrived and is not due.
        let allowed = max(arrived[step] - due[step], 0)
        let startCost = Float(startSeconds(readyAt: step) / grid.step)
        let canStart = step >= startSteps(readyAt: step)
        let isLast = step == grid.steps - 1
        var costs = [Float](repeating: 0, count: height)
        for backlog in 0..<width {
            for units in 0..<height {
                let left = max(backlog + arriving - units, 0)
                var cost = Float(units) + value[units * width + min(left, width - 1)]
                if left > allowed { cost += Self.penalty * Float(left - allowed) }
                if isLast { cost += Self.penalty * Float(left) }
                costs[units] = cost
            }
            // More than before costs starts; the best of those above each count.
            var above = Float.infinity
            var aboveAt = height - 1
            var bestAbove = [(Float, Int)](repeating: (.infinity, 0), count: height)
            for units in stride(from: height - 1, through: 0, by: -1) {
                bestAbove[units] = (above, aboveAt)
                let whole = costs[units] + startCost * Float(units)
                if whole < above { (above, aboveAt) = (whole, units) }
            }
            var below = Float.infinity
            var belowAt = 0
            for units in 0..<height {
                if costs[units] <= below { (below, belowAt) = (costs[units], units) }
                var choice = belowAt
                var least = below
                if canStart, bestAbove[units].0 - startCost * Float(units) < least {
                    least = bestAbove[units].0 - startCost * Float(units)
                    choice = bestAbove[units].1
                }
                best[units * width + backlog] = least
                choices[(step * height + units) * width + backlog] = UInt8(clamping: choice)
            }
        }
        guard kills[step] != nil else { return }
        // Some are gone when the step begins: the state before it is that of those that are left.
        let after = best
        let chosen = choices
        for units in 0..<height {
            let left = kept(units, at: step)
            for backlog in 0..<width {
                best[units * width + backlog] = after[left * width + backlog]
                choices[(step * height + units) * width + backlog] = chosen[(step * height + left) * width + backlog]
            }
        }
    }

    private func forward(_ choices: [UInt8]) -> (ready: [Int], seconds: Double) {
        let width = grid.backlog + 1
        let height = grid.most + 1
        var ready: [Int] = []
        ready.reserveCapacity(grid.steps)
        var units = 0
        var backlog = 0
        var seconds = 0.0
        for step in 0..<grid.steps {
            let arriving = arrived[step] - (step > 0 ? arrived[step - 1] : 0)
            let chosen = Int(choices[(step * height + units) * width + min(backlog, width - 1)])
            let started = max(chosen - kept(units, at: step), 0)
            seconds += Double(chosen) * grid.step + Double(started) * startSeconds(readyAt: step)
            backlog = max(backlog + arriving - chosen, 0)
            units = chosen
            ready.append(chosen)
        }
        return (ready, seconds * Double(grid.unit))
    }
}

/// A trace as whole quanta of work: how many can have been begun by the end of each step, and how many must be done by it.
private struct Quanta {
    var arrived: [Int]
    var due: [Int]

    /// The bound takes the work as a fluid. For the plan a quantum is there when the last of its jobs has come, and due
    /// when the first of them is; one that does not fill within the share `closing` of the deadline is taken as it is.
    init(
        trace: Trace, perJob: Double, quantum: Double, step: Double, steps: Int, deadline: Double, closing: Double?
    ) {
        var work = [Double](repeating: 0, count: steps + 1)
        var dueWork = [Double](repeating: 0, count: steps + 1)
        if closing == nil {
            for cohort in trace.cohorts {
                let at = Double(cohort.at) / 1e6
                let seconds = Double(cohort.count) * perJob / quantum
                work[min(Int(at / step), steps)] += seconds
                dueWork[min(Int((at + deadline) / step), steps)] += seconds
            }
        } else {
            let patience = closing ?? 1
            var opened = 0.0
            var filled = 0.0
            var last = 0.0
            func close() {
                guard filled > 0 else { return }
                let count = max((filled - 1e-9).rounded(.up), 1)
                work[min(Int(last / step) + 1, steps)] += count
                dueWork[min(Int((opened + deadline) / step), steps)] += count
                filled = 0
            }
            for cohort in trace.cohorts {
                let at = Double(cohort.at) / 1e6
                if filled > 0, at - opened > deadline * patience { close() }
                if filled == 0 { opened = at }
                filled += Double(cohort.count) * perJob / quantum
                last = at
                guard filled >= 1 else { continue }
                // What is over the whole quanta opens the next one.
                let rest = filled - filled.rounded(.down)
                filled = filled.rounded(.down)
                close()
                filled = rest < 1e-9 ? 0 : rest
                opened = at
            }
            close()
        }
        arrived = Self.sums(work)
        due = Self.sums(dueWork)
    }

    private static func sums(_ parts: [Double]) -> [Int] {
        var sum = 0.0
        return parts.map {
            sum += $0
            return Int(sum + 1e-9)
        }
    }
}
