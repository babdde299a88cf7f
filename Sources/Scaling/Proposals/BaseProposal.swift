/// Workers of a pool that starts too slowly for the deadlines but predicts for less money: whole ones for the load that
/// lasts, and one more where the rest would cost more elsewhere.
///
/// | load that lasts | price per prediction against the other pool | workers |
/// |---|---|---|
/// | 2.0 | 0.75 | 2 |
/// | 2.5 | 0.75 | 2: half a worker elsewhere is cheaper |
/// | 2.8 | 0.75 | 3 |
enum BaseProposal {
    static func count(of demand: PoolDemand) -> Int {
        let whole = min(demand.baseLoad, 1_000_000).rounded(.down)
        let rest = demand.baseLoad - whole
        let base = Int(whole) + (demand.baseLoad > 0 && rest > demand.baseThreshold ? 1 : 0)
        return max(base, Proposals.whole(demand.spilledLoad))
    }
}
