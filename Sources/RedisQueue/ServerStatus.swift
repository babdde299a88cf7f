/// The lines of `INFO` that the queue looks at.
struct ServerStatus: Sendable, Equatable {
    private let fields: [Substring: Substring]

    init(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        self.fields = fields
    }

    var version: String? { fields["redis_version"].map(String.init) }
    var usedMemory: Int? { fields["used_memory"].flatMap { Int($0) } }
    /// Bytes; `nil` for no limit.
    var maximumMemory: Int? { fields["maxmemory"].flatMap { Int($0) }.flatMap { $0 == 0 ? nil : $0 } }
    var evictionPolicy: String? { fields["maxmemory_policy"].map(String.init) }
    /// What is wrong with a policy that may delete jobs, and what to set; `nil` for one that does not.
    var evictionDanger: String? {
        guard let limit = maximumMemory, let policy = evictionPolicy, policy != "noeviction" else { return nil }
        return
            "Redis has maxmemory \(limit) and maxmemory-policy \(policy), which deletes waiting jobs; set maxmemory-policy noeviction"
    }
    /// `host:port` of the primary whose replica the server is; `nil` for a primary.
    var primary: String? {
        guard fields["role"] == "slave" else { return nil }
        return "\(fields["master_host"] ?? "another"):\(fields["master_port"] ?? "?")"
    }
    var hasAppendOnlyFile: Bool { fields["aof_enabled"] == "1" }
    var isCluster: Bool { fields["cluster_enabled"] == "1" }

    /// Major and minor number, for example `(7, 0)`.
    var release: (Int, Int)? {
        guard let parts = version?.split(separator: "."), parts.count >= 2, let major = Int(parts[0]),
            let minor = Int(parts[1])
        else { return nil }
        return (major, minor)
    }

    /// Used part of the memory limit, in [0, …); `nil` without a limit.
    var memoryUse: Double? {
        guard let usedMemory, let maximumMemory else { return nil }
        return Double(usedMemory) / Double(maximumMemory)
    }
}
