import Time

/// When the patient work of a pool is due: straight lines and steps, added up at the pool's horizons.
extension Demand {
    mutating func addDue(
        _ model: Int, queued: Double, load: Double, batchSeconds: Double, pool: Int, _ observation: Observation
    ) {
        let work = works[model]
        guard let place = work.place else { return }
        let tight = ModelWork.effective(work.deadline, batchSeconds: batchSeconds)
        addFuture(load: load, from: tight, pool: pool)
        guard queued > 0 else { return }
        let perJob = queued / (work.waiting + work.due)
        if work.due > 0 { addPart(perJob * work.due, deadline: tight, oldest: 0, pool: pool) }
        var left = work.waiting
        for bucket in observation.models[place].soonestDeadlines where left > 0 {
            let jobs = min(Double(max(bucket.jobs, 0)), left)
            left -= jobs
            let within = ModelWork.effective(bucket.within.inSeconds, batchSeconds: batchSeconds)
            addPart(perJob * jobs, deadline: within, oldest: 0, pool: pool)
        }
        for part in observation.models[place].classes where left > 0 {
            let jobs = min(Double(max(part.waiting, 0)), left)
            left -= jobs
            let own = index.deadlines[model * 3 + part.name.rank]
            let deadline = ModelWork.effective(own < .infinity ? own : work.deadline, batchSeconds: batchSeconds)
            addPart(perJob * jobs, deadline: deadline, oldest: part.oldestWait?.inSeconds ?? 0, pool: pool)
        }
        if left > 0 { addPart(perJob * left, deadline: tight, oldest: work.oldest, pool: pool) }
    }

    /// Jobs whose ages lie evenly between none and `oldest`: due in a straight line from `deadline − oldest` to `deadline`.
    private mutating func addPart(_ seconds: Double, deadline: Double, oldest: Double, pool: Int) {
        guard seconds > 0 else { return }
        let end = min(deadline, horizons[pool].last)
        pools[pool].lastDue = max(pools[pool].lastDue, end)
        let last = place(of: end, pool: pool)
        steps[last] += seconds
        guard oldest > 1e-3 else { return }
        let slope = seconds / oldest
        let offset = slope * (end - oldest)
        let first = place(of: end - oldest, pool: pool)
        slopes[first] += slope
        steps[first] -= offset
        slopes[last] -= slope
        steps[last] += offset
    }

    /// Jobs that are still to come, for the sake of those that may wait longer than they.
    private mutating func addFuture(load: Double, from deadline: Double, pool: Int) {
        guard load > 0 else { return }
        let first = place(of: deadline, pool: pool)
        slopes[first] += load
        steps[first] -= load * deadline
    }

    /// Place of the first horizon that is not before `moment`, in the pool's part of the curves.
    private func place(of moment: Double, pool: Int) -> Int {
        var low = 0
        var high = Horizons.count
        while low < high {
            let middle = (low + high) / 2
            if horizons[pool].seconds[middle] < moment { low = middle + 1 } else { high = middle }
        }
        return pool * (Horizons.count + 1) + low
    }

    /// Work due by each horizon.
    func dueCurve(of pool: Int) -> [Double] {
        var curve: [Double] = []
        curve.reserveCapacity(Horizons.count)
        var step = 0.0
        var slope = 0.0
        let first = pool * (Horizons.count + 1)
        for place in 0..<Horizons.count {
            step += steps[first + place]
            slope += slopes[first + place]
            let due = step + slope * horizons[pool].seconds[place]
            // What is left of sums and differences of the same numbers.
            curve.append(due > 1e-9 ? due : 0)
        }
        return curve
    }
}
