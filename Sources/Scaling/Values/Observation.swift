package import Time

/// What the scaler saw at one moment: the whole input of a decision beside policy and state.
///
/// Models and pools stand in the order of the policy; then `decide` finds each at once, in any other order it
/// searches. Recorded and fed back with the same policy and state, it yields the same decision byte for byte.
package struct Observation: Sendable, Equatable, Codable {
    package var time: Timestamp
    /// When the queues were last read; `nil`: never. Older than `Policy.staleAfter`, nothing is scaled in.
    package var queuesRead: Timestamp?
    /// When the workers' reports were last read; `nil`: never.
    package var workersRead: Timestamp?
    package var models: [ModelObservation]
    package var pools: [PoolObservation]

    package init(
        time: Timestamp, queuesRead: Timestamp?, workersRead: Timestamp?, models: [ModelObservation],
        pools: [PoolObservation]
    ) {
        self.time = time
        self.queuesRead = queuesRead
        self.workersRead = workersRead
        self.models = models
        self.pools = pools
    }
}
