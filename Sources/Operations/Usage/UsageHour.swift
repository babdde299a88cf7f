package import Time

package struct UsageHour: Sendable, Equatable {
    /// Its first moment.
    package var starts: Timestamp
    package var amounts: [UsageKey: Int64]

    package init(starts: Timestamp, amounts: [UsageKey: Int64]) {
        self.starts = starts
        self.amounts = amounts
    }
}
