extension Keys {
    /// Who leads: a hash that never expires, so that its epoch only grows.
    ///
    /// | field | |
    /// |---|---|
    /// | `epoch` | of the newest term |
    /// | `holder` | of the newest term; empty after it gave the lease back |
    /// | `until` | end of the lease, ms of Redis time; absent where something else keeps the lease |
    /// | `authority`, `term` | what keeps the lease instead of Redis, and its own number for the term |
    static let leader = "spate:leader"

    /// What the leader wants: a hash, `PublishedCount.text` by pool.
    static let desired = "spate:desired"
    /// Channel; a notice that `desired` was written.
    static let desiredChannel = "spate:desired"
}
