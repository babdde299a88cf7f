import Processes
import Settings

extension ConnectionTable.Bound {
    /// What the setting and the limit of open files allow, with descriptors kept back for Redis, workers and the runtime.
    ///
    /// | spare descriptors | kept back | on the reserve | served |
    /// |---|---|---|---|
    /// | 40 | 16 | 4 | 20 |
    /// | 1,000 | 250 | 46 | 704 |
    /// | 20,000 | 256 | 64 | 19,680 |
    init(_ settings: GatewaySettings, _ limit: DescriptorLimit) {
        let kept = min(max(limit.spare / 4, 16), 256)
        let usable = max(limit.spare - kept, 8)
        reserve = min(max(usable / 16, 4), 64)
        regular = max(min(usable - reserve, settings.maximumConnections ?? .max), 1)
    }
}
