package import Jobs

/// Rows and computing time of one model by tenant, since the worker started.
package struct TenantShares: Sendable {
    /// Tenants counted by name; a report is sent with each renewal of the lease and must stay small.
    static let limit = 64

    private var amounts: [String: (rows: Int, busy: Duration)] = [:]

    package init() {}

    mutating func add(_ tenant: String?, rows: Int, busy: Duration) {
        guard let tenant else { return }
        let name = amounts[tenant] != nil || amounts.count < Self.limit ? tenant : Tenant.others
        amounts[name, default: (0, .zero)].rows += rows
        amounts[name, default: (0, .zero)].busy += busy
    }

    /// By name; `nil` where no job named a tenant.
    package var report: [WorkerReport.TenantReport]? {
        guard !amounts.isEmpty else { return nil }
        return amounts.sorted { $0.key < $1.key }
            .map { WorkerReport.TenantReport(tenant: $0.key, rows: $0.value.rows, busy: $0.value.busy) }
    }
}
