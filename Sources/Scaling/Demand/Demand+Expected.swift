import Time

/// What forecasts and the calendar announce, as workers of the pool that serves the model first.
extension Demand {
    mutating func noteExpected(_ observation: Observation) {
        let now = observation.time.microseconds
        for model in works.indices {
            guard let place = works[model].place, !observation.models[place].expected.isEmpty else { continue }
            let range = index.first[model]..<index.first[model + 1]
            guard let option = range.first(where: { modes[$0] == .patient || modes[$0] == .urgent }) else { continue }
            let pool = index.options[option].pool
            let ahead = Int64(min(briefs[pool].plannedStart, 1e6) * 1e6)
            for expected in observation.models[place].expected
            where expected.ends.microseconds > now && expected.jobsPerSecond > 0 {
                let wait = expected.starts.microseconds.subtractingReportingOverflow(now).partialValue
                if wait <= ahead {
                    pools[pool].add(workers(expected, model: model, option: option), of: expected.source, model: model)
                } else if wait <= ahead * 2 {
                    pools[pool].expectedSoon = expected.source
                }
            }
        }
    }

    /// Patient jobs of an event may still be worked on for their deadline after it: its fleet is that much smaller.
    private func workers(_ expected: ExpectedArrivals, model: Int, option: Int) -> Double {
        let cost = index.options[option]
        var rowsPerSecond = expected.jobsPerSecond * works[model].rowsPerJob
        // What workers of cheaper pools with slow starts do, needs nobody here.
        for other in index.first[model]..<option where modes[other] == .slow {
            rowsPerSecond -= briefs[index.options[other].pool].total / index.options[other].secondsPerRow
        }
        guard rowsPerSecond > 0 else { return 0 }
        let load = rowsPerSecond * cost.secondsPerRow
        guard modes[option] == .patient else { return load / utilization }
        let span = max(Double(expected.ends.microseconds) - Double(expected.starts.microseconds), 0) / 1e6
        return load * span / (span + ModelWork.effective(works[model].deadline, batchSeconds: cost.batchSeconds))
    }
}
