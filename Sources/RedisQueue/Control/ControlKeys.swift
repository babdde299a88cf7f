import Jobs

extension Keys {
    /// A hash: `<kind> <subject>` to an entry as JSON.
    static let control = "spate:control"
    /// A stream of looks, one entry each: what a decision was made from.
    static let looks = "spate:looks"

    static func policy(_ hash: String) -> String { "spate:policy:" + hash }

    /// The minutes of one day: 1,440 counters of 4 bytes, big-endian.
    static func arrivals(_ queue: QueueName, day: Int64) -> String {
        "spate:{\(queue.model).\(queue.version)}:arrivals:\(day)"
    }

    /// A hash: `UsageKey.text` to an amount.
    static func usage(hour: Int64) -> String { "spate:usage:\(hour)" }
}

extension RedisScript {
    static let controlCount = RedisScript(PackageResources.control_count_lua)
    static let controlRemove = RedisScript(PackageResources.control_remove_lua)
}
