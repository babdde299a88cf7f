package import Jobs
package import Time

/// Where arrivals and workers' time are counted, for forecasts, recordings and bills.
package protocol TrafficLedger: Sendable {
    /// Adds arrivals to the minute that holds `time`. Zero says that the minute was looked at.
    func add(_ arrivals: [QueueName: Int], at time: Timestamp) async throws(QueueError)

    /// The arrivals of each minute from the one that holds `from`; `nil` for a minute that nobody looked at.
    func arrivals(
        at queue: QueueName, from: Timestamp, minutes: Int
    ) async throws(QueueError) -> [Int?]

    /// Adds to the amounts of the hour that holds `time`.
    func add(_ usage: [UsageKey: Int64], at time: Timestamp) async throws(QueueError)

    /// The amounts of each hour in a span of time that has any, oldest first.
    func usage(from: Timestamp, to: Timestamp) async throws(QueueError) -> [UsageHour]
}
