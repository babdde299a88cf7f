extension Keys {
    /// A hash. `identity`: what tells this cluster from every other, made at its first start. `born`: when the data of this
    /// Redis began; another one says that they went away.
    var cluster: String { shared("cluster") }

    /// A sorted set: processes that live, scored by the millisecond at which their place ends.
    func members(revision: Int) -> String { shared("members:\(revision)") }

    /// A hash: a queue to the digest of its model's files; `*` once a process that knows all of them has entered.
    func models(revision: Int) -> String { shared("models:\(revision)") }
}

extension RedisScript {
    static let clusterJoin = RedisScript(PackageResources.cluster_join_lua)
}
