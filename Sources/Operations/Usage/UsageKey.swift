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
