/// Whether one result beats another: better on deadlines met or on cost, and not worse on the other.
package enum Verdict: String, Sendable, Codable {
    /// Better on one, not worse on the other.
    case wins
    /// Neither differs.
    case even
    /// Better on one, worse on the other.
    case mixed
    /// Worse on one, not better on the other.
    case loses

    /// Deadlines met that differ by less than one job in ten thousand are equal, and costs by less than half a percent.
    package static let sameAttainment = 0.0001
    package static let sameCost = 0.005

    package init(_ one: SimulationResult, against other: SimulationResult) {
        let attainment = one.attainment - other.attainment
        let hasPrices = one.cost > 0 || other.cost > 0
        let (mine, theirs) = hasPrices ? (one.cost, other.cost) : (one.workerSeconds, other.workerSeconds)
        let saving = theirs > 0 ? 1 - mine / theirs : mine > 0 ? -1 : 0
        let onDeadlines = attainment > Self.sameAttainment ? 1 : attainment < -Self.sameAttainment ? -1 : 0
        let onCost = saving > Self.sameCost ? 1 : saving < -Self.sameCost ? -1 : 0
        self =
            switch (onDeadlines, onCost) {
            case (0, 0): .even
            case (0..., 0...): .wins
            case (...0, ...0): .loses
            default: .mixed
            }
    }
}
