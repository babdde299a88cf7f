import Jobs
import Operations

extension Keys {
    /// A hash: `<kind> <subject>` to an entry as JSON.
    var control: String { shared("control") }
    /// A stream of looks, one entry each: what a decision was made from.
    var looks: String { shared("looks") }

    func policy(_ hash: String) -> String { shared("policy:") + hash }

    /// The minutes of one day: 1,440 counters of 4 bytes, big-endian.
    func arrivals(_ queue: QueueName, day: Int64) -> String { "\(prefix(queue))arrivals:\(day)" }

    /// A hash: `UsageKey.text` to an amount.
    func usage(hour: Int64) -> String { shared("usage:\(hour)") }
}

extension RedisScript {
    static let controlCount = RedisScript(PackageResources.control_count_lua)
    static let controlRemove = RedisScript(PackageResources.control_remove_lua)
}
