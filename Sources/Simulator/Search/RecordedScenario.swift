package import Time

extension Scenario {
    /// What was recorded of one model, to search policies on.
    ///
    /// - Parameters:
    ///   - counts: arrivals of each whole minute from the one that holds `start`; `nil` for a minute that nobody looked at. Before the
    ///     first and after the last that somebody saw nothing ran that a policy could be compared with, so those are left out;
    ///     between them nobody's minutes count as empty.
    ///   - pools: those that serve the model; without any nothing can be searched.
    /// - Returns: `nil` where no minute was seen, nothing arrived, or no pool serves.
    package static func recorded(
        counts: [Int?], from start: Timestamp, model: SimulatedModel, pools: [SimulatedPool]
    ) -> Scenario? {
        guard let first = counts.firstIndex(where: { $0 != nil }), let last = counts.lastIndex(where: { $0 != nil }),
            counts.contains(where: { ($0 ?? 0) > 0 }), !pools.isEmpty
        else { return nil }
        let minute: Int64 = 60_000_000
        let trace = Trace(
            name: "recorded",
            start: Timestamp(microseconds: (start.microseconds.flooredQuotient(by: minute) + Int64(first)) * minute),
            interval: .seconds(60), counts: counts[first...last].map { $0 ?? 0 })
        return Scenario(
            name: "recorded", summary: "recorded arrivals of \(model.name)", trace: trace, model: model, pools: pools)
    }
}
