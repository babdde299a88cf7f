package import Time

/// Where operators' settings live.
package protocol ControlStore: Sendable {
    func control() async throws(QueueError) -> ControlState

    /// Writes an entry in place of one of the same kind and subject.
    func set(_ entry: ControlEntry) async throws(QueueError)

    /// - Returns: whether there was one.
    func clear(_ kind: ControlEntry.Kind, _ subject: String) async throws(QueueError) -> Bool

    /// Removes an entry, unless another was written in its place meanwhile.
    /// - Returns: whether it was removed.
    func remove(_ entry: ControlEntry) async throws(QueueError) -> Bool

    /// Whether any scaler leads at this moment.
    func isLed() async throws(QueueError) -> Bool
}

/// Where decisions are kept for seven days, with what they were decided from.
package protocol DecisionArchive: Sendable {
    /// Keeps a policy.
    /// - Returns: its hash, by which looks refer to it.
    func keep(policy json: String) async throws(QueueError) -> String

    func append(_ look: RecordedLook) async throws(QueueError)

    /// The decisions (JSON, one a pool) in a span of time, newest first, at most `limit`.
    func decisions(from: Timestamp, to: Timestamp, limit: Int) async throws(QueueError) -> [String]

    /// The newest look that is not after `time`.
    func look(notAfter time: Timestamp) async throws(QueueError) -> RecordedLook?

    /// The policy of that hash; `nil` if it is not kept any more.
    func policy(_ hash: String) async throws(QueueError) -> String?
}

/// Everything that one look of the scaler was decided from. All texts are JSON; replayed, they give the decision again
/// byte for byte.
package struct RecordedLook: Sendable, Equatable {
    package var time: Timestamp
    /// Hash of the policy, as `DecisionArchive.keep` gave it.
    package var policy: String
    package var observation: String
    /// The policy's memory before the decision.
    package var state: String
    /// One for each pool that was worth a record.
    package var decisions: [String]

    package init(time: Timestamp, policy: String, observation: String, state: String, decisions: [String]) {
        self.time = time
        self.policy = policy
        self.observation = observation
        self.state = state
        self.decisions = decisions
    }
}

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

package typealias OperatorStore = ControlStore & DecisionArchive & TrafficLedger

/// What is counted of workers' time.
package struct UsageKey: Sendable, Hashable {
    package enum Amount: String, Sendable, CaseIterable {
        /// Milliseconds of workers that are not ready yet.
        case starting
        /// Milliseconds of ready workers that hold nothing.
        case idle
        /// Milliseconds of ready workers that hold jobs.
        case busy
        /// Milliseconds of workers that leave.
        case draining
        /// Millionths of the currency, by the price at the time.
        case money
        /// Workers ordered.
        case starts
        /// Milliseconds of instances that compute, of one model.
        case computing
        case rows
        case batches
        /// Jobs settled; of a pool.
        case jobs
    }

    package var amount: Amount
    package var pool: String
    /// `QueueName.description`; `nil` for what is not of one model.
    package var model: String?
    /// Whose part of the model's amount; `nil` for the whole.
    package var tenant: String?

    package init(_ amount: Amount, pool: String, model: String? = nil, tenant: String? = nil) {
        self.amount = amount
        self.pool = pool
        self.model = model
        self.tenant = model == nil ? nil : tenant
    }

    /// `busy cpu`, `rows cpu digits.1` or `rows cpu digits.1 acme`; no name holds a space.
    package var text: String { [amount.rawValue, pool, model, tenant].compactMap(\.self).joined(separator: " ") }

    package init?(_ text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard (2...4).contains(parts.count), let amount = Amount(rawValue: parts[0]) else { return nil }
        self.init(
            amount, pool: parts[1], model: parts.count > 2 ? parts[2] : nil, tenant: parts.count > 3 ? parts[3] : nil)
    }
}

package struct UsageHour: Sendable, Equatable {
    /// Its first moment.
    package var starts: Timestamp
    package var amounts: [UsageKey: Int64]

    package init(starts: Timestamp, amounts: [UsageKey: Int64]) {
        self.starts = starts
        self.amounts = amounts
    }
}
