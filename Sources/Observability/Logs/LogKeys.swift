package import Logging

/// The keys of log metadata: the only place that spells them.
package enum LogKeys {
    package static let jobID = "job.id"
    package static let modelName = "model.name"
    package static let modelVersion = "model.version"
    package static let pool = "pool"
    package static let workerID = "worker.id"
    package static let batchSize = "batch.size"
    package static let attempt = "attempt"
    package static let leaseEpoch = "lease.epoch"
    package static let reason = "reason"
    package static let jobs = "jobs"
    package static let redis = "redis"
    package static let entry = "entry"
    /// Where something listens.
    package static let address = "address"
    package static let adminAddress = "address.admin"
    package static let path = "path"
    package static let requests = "requests"
}

extension Logger {
    /// Sets `key` (one of `LogKeys`) to `value` for every later line; `nil` removes it.
    package mutating func set(_ key: String, _ value: (some CustomStringConvertible)?) {
        self[metadataKey: key] = value.map { "\($0)" }
    }
}
